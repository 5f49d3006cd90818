#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "pipelines/earlier_results.h"
#include "pipelines/journal.h"
#include "pipelines/photo.h"
#include "pipelines/report.h"

namespace solstice {

/// How many images are to share the compute threads in a run of `count` jobs: as `parallel_images`
/// says, else measured at the size of the first image where that takes little of the run. 0: there
/// are no threads to share.
int64_t choose_callers(const TranslateOptions& options, const ImageModel& model, size_t count,
                       const std::function<Job(size_t)>& job);

/// What a run does with photos beside translating them: `source` and `finish` are run_pipeline's,
/// `written` is photo_stages()'.
struct PhotoHooks {
  std::function<std::unique_ptr<Item>()> source;
  std::function<void(const Photo&)> written;
  std::function<void(Photo&)> finish;
};

/// When results appear in their places: each at once, for who waits for it, or those that come
/// quickly after each other together, which costs a disk less.
enum class Appearance { kAtOnce, kTogether };

/// run_pipeline over photos, `callers` of them in the model at a time; 0: as many as are decoded.
PipelineResult run_photos(const TranslateOptions& options, const ImageModel& model, int64_t callers,
                          Appearance appearance, const PhotoHooks& hooks);

/// Tells the journal of a result that is about to appear. A line before its result costs nothing
/// when the run is killed in between; a result before its line would be taken for a stranger's.
void note_written(Journal& journal, PlaceWithin& out, const Photo& photo, uint64_t made_by);

/// Counts a file that failed, keeps and logs why.
void note_failure(RunRecord& record, FailedFile failure);

/// Counts a photo that has come to its end, and keeps what the report says of it. One that ends the
/// run is not counted: it is not at fault, and stays among the remaining ones.
void note_outcome(RunRecord& record, const Photo& photo);

/// True once nothing more is to be begun: what happened would happen to every file (a full disk),
/// or a file failed and `--fail-fast` is given.
bool must_end(const TranslateOptions& options, const RunRecord& record);

/// After the run: what remains of the files found, seconds and the busiest stage.
void sum_up(RunRecord& record);

/// Why the photo failed, in one line without the name of its file in front; empty: it did not.
std::string failure_of(const Photo& photo);

/// What `--json` and `--serve` say of a photo: `input`, `output`, `status` (done, skipped, failed),
/// `size` [width, height] where it is known; of a failed one also `stage` and `error`.
nlohmann::ordered_json result_line(const Photo& photo);

/// Writes one line at once. Throws Error(kOutput) when nobody reads it any more.
void write_line(std::ostream& results, const nlohmann::ordered_json& line);

}  // namespace solstice
