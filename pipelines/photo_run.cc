#include "pipelines/photo_run.h"

#include <ostream>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"
#include "image/codec.h"
#include "pipelines/one_thread_per_image.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMostTogether = 64;
constexpr size_t kWorthMeasuring = 64;  ///< images
constexpr int64_t kMostPixels = 1'000'000;
constexpr size_t kLookedAt = 8;
constexpr uint64_t kLargestLookedAt = uint64_t{1} << 24;

}  // namespace

int64_t choose_callers(const TranslateOptions& options, const ImageModel& model, size_t count,
                       const std::function<Job(size_t)>& job) {
  if (model.is_single_threaded) return 0;
  if (options.parallel_images > 0) return model.split(options.parallel_images, 0, 0);
  for (size_t i = 0; i < kLookedAt && count >= kWorthMeasuring; ++i) {
    const Job first = job(i);
    if (first.skip) continue;
    try {
      const ImageHeader header = read_header(read_file(first.input, kLargestLookedAt));
      if (header.pixels() > kMostPixels) return 1;
      return model.split(0, header.width, header.height);
    } catch (const Error&) {
      // It is reported when its turn comes.
    }
  }
  return 1;
}

PipelineResult run_photos(const TranslateOptions& options, const ImageModel& model, int64_t callers,
                          Appearance appearance, const PhotoHooks& hooks) {
  const OneThreadPerImage one_thread_per_image;
  PipelineOptions pipeline;
  pipeline.threads = options.jobs;
  pipeline.memory_bytes = options.memory.bytes;
  pipeline.callers = callers;
  pipeline.together = model.together;
  pipeline.last_together = appearance == Appearance::kTogether ? kMostTogether : 1;
  pipeline.prepare_caller = model.prepare_caller;
  return run_pipeline(pipeline, hooks.source, photo_stages(options, model, hooks.written),
                      [&](Item& item) { hooks.finish(static_cast<Photo&>(item)); });
}

void note_written(Journal& journal, PlaceWithin& out, const Photo& photo, uint64_t made_by) {
  const std::optional<FileStamp> result = stamp_of(photo.file->temporary());
  if (!result) return;
  const bool within = out.of(photo.job.input.parent_path()).has_value();
  journal.add(photo.job.place, {photo.stamp, *result, made_by, within});
}

void note_failure(RunRecord& record, FailedFile failure) {
  ++record.summary.failed;
  log_error(message(failure.input.string(), ": ", failure.error));
  record.failures.push_back(std::move(failure));
}

void note_outcome(RunRecord& record, const Photo& photo) {
  const Job& job = photo.job;
  const std::string failure = failure_of(photo);
  if (photo.ends_run) {
    if (record.error.empty()) record.error = failure;
  } else if (!failure.empty()) {
    note_failure(record, {job.input, photo.failed_stage, failure});
  } else {
    ++(job.skip ? record.summary.skipped : record.summary.done);
    if (!job.skip) record.summary.pixels += photo.header.pixels();
    if (!photo.warnings.empty()) record.warnings.push_back({job.input, photo.warnings});
  }
}

bool must_end(const TranslateOptions& options, const RunRecord& record) {
  return !record.error.empty() || (options.fail_fast && record.summary.failed > 0);
}

void sum_up(RunRecord& record) {
  TranslateSummary& summary = record.summary;
  summary.remaining = summary.found - summary.done - summary.skipped - summary.failed;
  summary.seconds = record.pipeline.seconds;
  summary.bottleneck = bottleneck(record.pipeline.stages);
  for (const StageTime& stage : record.pipeline.stages) {
    if (stage.name == summary.bottleneck) summary.busy = stage.busy;
  }
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
