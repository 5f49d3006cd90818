#include "pipelines/photo_run.h"

#include <opencv2/core/utility.hpp>
#include <ostream>

#include "core/error.h"
#include "pipelines/report.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

/// Images are worked on many at a time, so OpenCV need not split one.
class OneThreadPerImage {
 public:
  OneThreadPerImage() : before_(cv::getNumThreads()) { cv::setNumThreads(1); }
  ~OneThreadPerImage() { cv::setNumThreads(before_); }

 private:
  int before_;
};

}  // namespace

PipelineResult run_photos(const TranslateOptions& options, const ImageModel& model,
                          const std::function<std::unique_ptr<Item>()>& source,
                          const std::function<void(Photo&)>& finish) {
  const OneThreadPerImage one_thread_per_image;
  return run_pipeline({"read", options.jobs, options.memory.bytes}, source,
                      photo_stages(options, model),
                      [&](Item& item) { finish(static_cast<Photo&>(item)); });
}

std::string failure_of(const Photo& photo) {
  const std::string prefix = photo.job.input.string() + ": ";
  const size_t start = photo.failure.starts_with(prefix) ? prefix.size() : 0;
  return photo.failure.substr(start, photo.failure.find('\n', start) - start);
}

Json result_line(const Photo& photo) {
  const Job& job = photo.job;
  const bool failed = !photo.failure.empty();
  Json line{{"input", job.input.string()}};
  if (!job.output.empty()) line["output"] = job.output.string();
  for (const Sidecar& sidecar : job.sidecars) line["sidecars"].push_back(sidecar.output.string());
  line["status"] = failed ? "failed" : job.skip ? "skipped" : "done";
  if (photo.header.width > 0) line["size"] = {photo.header.width, photo.header.height};
  if (!photo.warnings.empty()) line["warnings"] = photo.warnings;
  if (failed) line["stage"] = photo.failed_stage, line["error"] = failure_of(photo);
  return line;
}

void write_line(std::ostream& results, const Json& line) {
  results << to_text(line) << '\n' << std::flush;
  if (!results) throw Error(ErrorKind::kOutput, "standard output cannot be written");
}

}  // namespace solstice
