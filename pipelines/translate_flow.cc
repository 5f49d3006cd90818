#include "pipelines/translate_flow.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <optional>
#include <ostream>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"
#include "core/stop.h"
#include "pipelines/arrivals.h"
#include "pipelines/gallery.h"
#include "pipelines/outputs.h"
#include "pipelines/photo_run.h"
#include "pipelines/report.h"
#include "pipelines/sidecars.h"
#include "pipelines/warnings.h"

namespace solstice {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

struct ProgressLine {
  ~ProgressLine() { clear_progress(); }
};

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
  void write_answer(const Photo& photo);
  void show_progress_line();
  void write_report() const;
  void write_pairs() const;

  const TranslateOptions& options_;
  const ImageModel& model_;
  std::ostream& results_;
  std::vector<Job> jobs_;
  size_t next_job_ = 0;
  std::optional<Arrivals> arrivals_;  ///< of --watch
  std::atomic<int64_t> arrived_{0};
  std::atomic<bool> over_{false};  ///< begin nothing more
  int64_t to_do_ = 0;              ///< jobs that are not skipped
  RunRecord record_;
  WarningTally warnings_;
  std::vector<GalleryPair> pairs_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_progress_{};
};

void TranslateFlow::list() {
  if (options_.watch) arrivals_.emplace(options_);
  Listing listing = list_images(options_.inputs, options_.out);
  if (options_.watch) {
    std::erase_if(listing.files,
                  [](const ListedFile& file) { return is_being_written(file.path); });
  } else if (listing.files.empty()) {
    const std::string why = listing.problems.empty() ? "no images found in " + join(options_.inputs)
                                                     : message(listing.problems[0].path.string(),
                                                               ": ", listing.problems[0].what);
    throw Error(ErrorKind::kInput, why);
  }
  if (options_.sidecars) leave_out_masks(listing.files);
  jobs_ = plan_outputs(listing.files, options_);
  if (options_.sidecars) plan_sidecars(jobs_, options_.existing);
  if (arrivals_) arrivals_->reserve(jobs_);
  for (const Job& job : jobs_) to_do_ += job.skip ? 0 : 1;
  record_.model = model_.description;
  record_.summary.found = static_cast<int64_t>(jobs_.size() + listing.problems.size());
  for (const auto& problem : listing.problems) fail(problem.path, "list", problem.what);
}

void TranslateFlow::show_plan() {
  for (const Job& job : jobs_) {
    if (options_.json) {
      Json line{{"input", job.input.string()}, {"output", job.output.string()}};
      for (const Sidecar& label : job.sidecars) line["sidecars"].push_back(label.output.string());
      line["status"] = job.skip ? "skipped" : "planned";
      results_ << to_text(line) << '\n';
      continue;
    }
    results_ << printable(job.input.string()) << " -> " << printable(job.output.string())
             << (job.skip ? " (there already)" : "") << '\n';
    for (const Sidecar& label : job.sidecars) {
      results_ << "  " << printable(label.input.string()) << " -> "
               << printable(label.output.string()) << '\n';
    }
  }
  results_.flush();
  record_.summary.skipped = static_cast<int64_t>(jobs_.size()) - to_do_;
  record_.summary.remaining = to_do_;
}

void TranslateFlow::prepare_folders() {
  check_writable(options_.out);
  if (!options_.report.empty()) check_writable(fs::absolute(options_.report).parent_path());
  if (!options_.gallery.empty()) check_writable(options_.gallery);
  // A killed run may have left its probe in a folder that gets no result.
  std::set<fs::path> folders{options_.out};
  for (const Job& job : jobs_) folders.insert(job.output.parent_path());
  for (const fs::path& folder : folders) remove_stale_temporaries(folder);
}

std::unique_ptr<Item> TranslateFlow::next() {
  const auto is_over = [this] { return over_ || stop_signal() != 0; };
  if (is_over()) return nullptr;
  if (next_job_ < jobs_.size()) return read_photo(jobs_[next_job_++], options_, model_);
  if (!arrivals_) return nullptr;
  auto photo = arrivals_->next(model_, is_over);
  if (photo) ++arrived_;
  return photo;
}

void TranslateFlow::fail(const fs::path& input, const std::string& stage,
                         const std::string& error) {
  over_ = over_ || options_.fail_fast;
  ++record_.summary.failed;
  record_.failures.push_back({input, stage, error});
  log_error(message(input.string(), ": ", error));
}

void TranslateFlow::finish(Photo& photo) {
  const Job& job = photo.job;
  const std::string failure = failure_of(photo);
  if (photo.ends_run) {
    // Not this file's fault: it stays among the remaining ones.
    if (record_.error.empty()) record_.error = failure;
    over_ = true;
    return;
  }
  TranslateSummary& summary = record_.summary;
  const bool failed = !failure.empty();
  if (failed) {
    fail(job.input, photo.failed_stage, failure);
  } else {
    ++(job.skip ? summary.skipped : summary.done);
    warnings_.note(job.input, photo.warnings);
    if (!job.skip) record_.pixels += photo.header.pixels();
    if (pairs_.size() < kGalleryPairs) pairs_.push_back({job.input, job.output});
  }
  if (options_.json) write_answer(photo);
  show_progress_line();
}

void TranslateFlow::write_answer(const Photo& photo) {
  try {
    write_line(results_, result_line(photo));
  } catch (...) {
    over_ = true;  // nobody reads: wait for no more files
    throw;
  }
}

void TranslateFlow::show_progress_line() {
  const auto now = Clock::now();
  if (now - last_progress_ < std::chrono::milliseconds(100)) return;
  last_progress_ = now;
  const TranslateSummary& summary = record_.summary;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto worked = static_cast<double>(summary.done + summary.failed);
  const double rate = seconds > 0 ? worked / seconds : 0;
  const double left = std::max(0.0, static_cast<double>(to_do_ + arrived_) - worked);
  char speed[48];
  std::snprintf(speed, sizeof speed, "%.2f images/s", rate);
  show_progress(message(summary.done + summary.failed + summary.skipped, "/",
                        summary.found + arrived_, "  ", speed,
                        summary.failed > 0 ? message("  ", summary.failed, " failed") : "", "  ",
                        rate > 0 ? format_duration(left / rate) : "?", " left"));
}

void TranslateFlow::translate_all() {
  const ProgressLine progress_line;
  record_.pipeline = run_photos(
      options_, model_, [this] { return next(); }, [this](Photo& photo) { finish(photo); });
  warnings_.finish();
  TranslateSummary& summary = record_.summary;
  summary.found += arrived_;
  summary.remaining = summary.found - summary.done - summary.skipped - summary.failed;
  summary.stopped =
      (record_.pipeline.stopped || stop_signal() != 0) && (arrivals_ || summary.remaining > 0);
  summary.seconds = record_.pipeline.seconds;
}

void TranslateFlow::write_report() const {
  if (options_.report.empty()) return;
  try {
    write_file_atomically(options_.report, to_text(make_report(options_, record_), 2) + "\n");
  } catch (const Error& error) {
    if (record_.error.empty()) throw;
    log_warning(error.what());
  }
}

void TranslateFlow::write_pairs() const {
  if (options_.gallery.empty() || record_.summary.stopped || !record_.error.empty()) return;
  write_gallery(options_.gallery, model_.description, pairs_);
}

TranslateSummary TranslateFlow::run() {
  check_options(options_);
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
