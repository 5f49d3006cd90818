#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/files.h"
#include "image/image.h"
#include "pipelines/outputs.h"
#include "pipelines/pipeline.h"
#include "pipelines/translate_flow.h"

namespace solstice {

/// A photo between its file and its result's.
struct Photo : Item {
  explicit Photo(Job its_job) : job(std::move(its_job)) {}
  void discard() override { bytes.clear(), bytes.shrink_to_fit(), image = Image(), file.reset(); }

  const Job job;
  FileStamp stamp;    ///< of the input, before it was read
  std::string bytes;  ///< of the file, then of the result
  ImageHeader header;
  Image image;                        ///< the input, then the result
  std::vector<std::string> warnings;  ///< what the result lacks of the file, a line each
  std::optional<AtomicFile> file;     ///< the result, until it is in its place
};

/// The photo of a job as it enters the pipeline: its file read, its header understood and checked
/// against the memory allowed. Settled when there is nothing to do or it failed.
std::unique_ptr<Photo> read_photo(const Job& job, const TranslateOptions& options,
                                  const ImageModel& model);

/// decode, infer, encode, labels, write, sync; the arguments must outlive the stages. `written` is
/// told of each result that is whole on the disk, just before it appears in its place, by one
/// thread at a time.
std::vector<Stage> photo_stages(const TranslateOptions& options, const ImageModel& model,
                                const std::function<void(const Photo&)>& written);

}  // namespace solstice
