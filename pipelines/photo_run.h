#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "pipelines/photo.h"

namespace solstice {

/// How many images are to share the compute threads in a run of `count` jobs: as `parallel_images`
/// says, else measured at the size of the first image where that takes little of the run.
int64_t choose_callers(const TranslateOptions& options, const ImageModel& model, size_t count,
                       const std::function<Job(size_t)>& job);

/// What a run does with photos beside translating them: `source` and `finish` are run_pipeline's,
/// `written` is told of each result on the thread that wrote it.
struct PhotoHooks {
  std::function<std::unique_ptr<Item>()> source;
  std::function<void(const Photo&)> written;
  std::function<void(Photo&)> finish;
};

/// run_pipeline over photos, `callers` of them in the model at a time.
PipelineResult run_photos(const TranslateOptions& options, const ImageModel& model, int64_t callers,
                          const PhotoHooks& hooks);

/// Seconds and busiest stage of a run.
void note_speed(TranslateSummary& summary, const PipelineResult& result);

/// Why the photo failed, in one line without the name of its file in front; empty: it did not.
std::string failure_of(const Photo& photo);

/// What `--json` and `--serve` say of a photo: `input`, `output`, `status` (done, skipped, failed),
/// `size` [width, height] where it is known; of a failed one also `stage` and `error`.
nlohmann::ordered_json result_line(const Photo& photo);

/// Writes one line at once. Throws Error(kOutput) when nobody reads it any more.
void write_line(std::ostream& results, const nlohmann::ordered_json& line);

}  // namespace solstice
