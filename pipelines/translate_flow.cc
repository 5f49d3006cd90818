#include "pipelines/translate_flow.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <opencv2/core/utility.hpp>
#include <optional>
#include <ostream>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"
#include "pipelines/gallery.h"
#include "pipelines/journal.h"
#include "pipelines/outputs.h"
#include "pipelines/photo.h"
#include "pipelines/report.h"
#include "pipelines/shard_manifest.h"

namespace solstice {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

/// Images are worked on many at a time, so OpenCV need not split one.
class OneThreadPerImage {
 public:
  OneThreadPerImage() : before_(cv::getNumThreads()) { cv::setNumThreads(1); }
  ~OneThreadPerImage() { cv::setNumThreads(before_); }

 private:
  int before_;
};

struct ProgressLine {
  ~ProgressLine() { clear_progress(); }
};

/// One line, without the name of the file in front (whoever shows it names the file).
std::string plain_failure(const std::string& failure, const fs::path& path) {
  const std::string prefix = path.string() + ": ";
  const size_t start = failure.starts_with(prefix) ? prefix.size() : 0;
  return failure.substr(start, failure.find('\n', start) - start);
}

/// Throws Error(kOutput) unless files can be made in the folder, which is made when absent.
void check_writable(const fs::path& folder) {
  make_directories(folder);
  try {
    AtomicFile probe(folder / "probe");
  } catch (const Error& error) {
    const std::string what = error.what();
    throw Error(
        ErrorKind::kOutput,
        message(folder.string(), ": cannot be written: ", what.substr(what.rfind(": ") + 2)));
  }
}

class TranslateFlow {
 public:
  TranslateFlow(const TranslateOptions& options, const ImageModel& model, std::ostream& results)
      : options_(options), model_(model), results_(results) {}

  TranslateSummary run();

 private:
  void list();
  void show_plan();
  void prepare_folders();
  void translate_all();
  std::unique_ptr<Item> next();
  void finish(Photo& photo);
  void fail(const fs::path& input, const std::string& stage, const std::string& error);
  void show_progress_line();
  void write_report();
  std::vector<Stage> stages();
  void write_pairs() const;

  const TranslateOptions& options_;
  const ImageModel& model_;
  std::ostream& results_;
  std::optional<Plan> plan_;
  size_t next_job_ = 0;
  std::optional<Journal> journal_;
  std::optional<ShardManifest> manifest_;  ///< of a share only
  RunRecord record_;
  std::vector<GalleryPair> pairs_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_progress_{};
};

void TranslateFlow::list() {
  record_.model = model_.description;
  record_.made_by = result_hash(model_.identity, options_);
  record_.shard = choose_shard(options_.shard, [](const char* name) { return std::getenv(name); });
  if (!record_.shard.source.empty()) {
    log_info(message("shard ", record_.shard.index, " of ", record_.shard.count, " (",
                     record_.shard.source, ")"));
  }
  Listing listing = list_images(options_.inputs, options_.out, options_.selection);
  if (listing.files.empty()) {
    const bool chosen = !options_.selection.include.empty() || !options_.selection.exclude.empty();
    const std::string& list = options_.selection.files_from;
    const std::string where = list.empty() ? join(options_.inputs) : list;
    const std::string why =
        listing.problems.empty()
            ? message("no images found in ", where,
                      chosen ? " that --include and --exclude leave" : "")
            : message(listing.problems[0].path.string(), ": ", listing.problems[0].what);
    throw Error(ErrorKind::kInput, why);
  }
  plan_.emplace(std::move(listing.files), options_,
                PlanContext{model_.name, record_.made_by, record_.shard});
  record_.summary.found = static_cast<int64_t>(plan_->size());
  for (const auto& problem : listing.problems) {
    if (!record_.shard.takes(problem.path.string())) continue;
    ++record_.summary.found;
    fail(problem.path, "list", problem.what);
  }
}

void TranslateFlow::show_plan() {
  TranslateSummary& summary = record_.summary;
  for (size_t i = 0; i < plan_->size(); ++i) {
    const Job job = (*plan_)[i];
    ++(job.skip ? summary.skipped : summary.remaining);
    if (options_.json) {
      results_ << to_text(Json{{"input", job.input.string()},
                               {"output", job.output.string()},
                               {"status", job.skip ? "skipped" : "planned"}})
               << '\n';
    } else {
      results_ << printable(job.input.string()) << " -> " << printable(job.output.string())
               << (job.skip ? " (there already)" : "") << '\n';
    }
  }
  results_.flush();
}

void TranslateFlow::prepare_folders() {
  check_writable(options_.out);
  if (!options_.report.empty()) check_writable(fs::absolute(options_.report).parent_path());
  if (!options_.gallery.empty()) check_writable(options_.gallery);
  const fs::path state = fs::path(options_.out) / kStateFolder;
  for (const fs::path& folder : plan_->folders()) remove_stale_temporaries(folder);
  remove_stale_temporaries(state);
  journal_.emplace(options_.out, record_.shard.name());
  if (record_.shard.is_whole()) return;
  manifest_.emplace(options_.out, record_.shard);
  for (const FailedFile& failure : record_.failures) {
    manifest_->add(Json{{"input", failure.input.string()},
                        {"status", "failed"},
                        {"stage", failure.stage},
                        {"error", failure.error}});
  }
}

/// The stages of a photo; what was written is noted at once, by the thread that wrote it.
std::vector<Stage> TranslateFlow::stages() {
  std::vector<Stage> stages = photo_stages(options_, model_);
  stages.back().work = [this, write = stages.back().work](Item& item) {
    write(item);
    const auto& photo = static_cast<const Photo&>(item);
    const std::optional<FileStamp> result = stamp_of(photo.job.output);
    if (result) journal_->add(photo.job.place, {photo.stamp, *result, record_.made_by});
  };
  return stages;
}

std::unique_ptr<Item> TranslateFlow::next() {
  if (next_job_ == plan_->size()) return nullptr;
  return read_photo((*plan_)[next_job_++], options_, model_);
}

void TranslateFlow::fail(const fs::path& input, const std::string& stage,
                         const std::string& error) {
  ++record_.summary.failed;
  record_.failures.push_back({input, stage, error});
  log_error(message(input.string(), ": ", error));
}

void TranslateFlow::finish(Photo& photo) {
  const Job& job = photo.job;
  const std::string failure = plain_failure(photo.failure, job.input);
  if (photo.ends_run) {
    // Not this file's fault: it stays among the remaining ones.
    if (record_.error.empty()) record_.error = failure;
    return;
  }
  TranslateSummary& summary = record_.summary;
  const bool failed = !failure.empty();
  if (failed) {
    fail(job.input, photo.failed_stage, failure);
  } else {
    ++(job.skip ? summary.skipped : summary.done);
    if (!job.skip) record_.pixels += photo.header.pixels();
    if (pairs_.size() < kGalleryPairs) pairs_.push_back({job.input, job.output});
  }
  if (options_.json || manifest_) {
    Json line{{"input", job.input.string()},
              {"output", job.output.string()},
              {"status", failed     ? "failed"
                         : job.skip ? "skipped"
                                    : "done"}};
    if (photo.header.width > 0) line["size"] = {photo.header.width, photo.header.height};
    if (failed) line["stage"] = photo.failed_stage, line["error"] = failure;
    if (manifest_) manifest_->add(line);
    if (options_.json) results_ << to_text(line) << '\n' << std::flush;
    if (!results_) throw Error(ErrorKind::kOutput, "standard output cannot be written");
  }
  show_progress_line();
}

void TranslateFlow::show_progress_line() {
  const auto now = Clock::now();
  if (now - last_progress_ < std::chrono::milliseconds(100)) return;
  last_progress_ = now;
  const TranslateSummary& summary = record_.summary;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto worked = static_cast<double>(summary.done + summary.failed);
  const double rate = seconds > 0 ? worked / seconds : 0;
  const auto left = static_cast<double>(summary.found - summary.skipped) - worked;
  char speed[48];
  std::snprintf(speed, sizeof speed, "%.2f images/s", rate);
  show_progress(message(summary.done + summary.failed + summary.skipped, "/", summary.found, "  ",
                        speed, summary.failed > 0 ? message("  ", summary.failed, " failed") : "",
                        "  ", rate > 0 ? format_duration(left / rate) : "?", " left"));
}

void TranslateFlow::translate_all() {
  const OneThreadPerImage one_thread_per_image;
  const ProgressLine progress_line;
  record_.pipeline = run_pipeline(
      {"read", options_.jobs, options_.memory.bytes}, [this] { return next(); }, stages(),
      [this](Item& item) { finish(static_cast<Photo&>(item)); });
  TranslateSummary& summary = record_.summary;
  summary.remaining = summary.found - summary.done - summary.skipped - summary.failed;
  summary.stopped = record_.pipeline.stopped && summary.remaining > 0;
  summary.seconds = record_.pipeline.seconds;
}

void TranslateFlow::write_report() {
  try {
    const Json report = make_report(options_, record_);
    if (manifest_) manifest_->commit(report);
    if (!options_.report.empty()) write_file_atomically(options_.report, to_text(report, 2) + "\n");
  } catch (const Error& error) {
    if (record_.error.empty()) throw;
    log_warning(error.what());
  }
  if (record_.error.empty() && !journal_->problem().empty()) {
    log_warning(message(journal_->problem(), "; --existing changed will do these files again"));
  }
}

void TranslateFlow::write_pairs() const {
  if (options_.gallery.empty() || record_.summary.stopped || !record_.error.empty()) return;
  write_gallery(options_.gallery, model_.description, pairs_);
}

TranslateSummary TranslateFlow::run() {
  if (options_.memory.bytes <= 0) {
    throw Error(ErrorKind::kUsage, "--memory is 0; expected a size such as 4G");
  }
  list();
  if (options_.dry_run) {
    show_plan();
    return record_.summary;
  }
  prepare_folders();
  translate_all();
  write_report();
  const TranslateSummary& summary = record_.summary;
  if (!record_.error.empty()) {
    throw Error(ErrorKind::kOutput,
                message(record_.error, "; stopped after ", summary.done, " of ", summary.found,
                        " files, which are whole; make room and run again to continue"));
  }
  write_pairs();
  return summary;
}

}  // namespace

TranslateSummary run_translate_flow(const TranslateOptions& options, const ImageModel& model,
                                    std::ostream& results) {
  return TranslateFlow(options, model, results).run();
}

}  // namespace solstice
