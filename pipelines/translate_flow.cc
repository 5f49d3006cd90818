#include "pipelines/translate_flow.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <ostream>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"
#include "core/stop.h"
#include "pipelines/arrivals.h"
#include "pipelines/gallery.h"
#include "pipelines/journal.h"
#include "pipelines/outputs.h"
#include "pipelines/photo_run.h"
#include "pipelines/report.h"
#include "pipelines/shard_manifest.h"
#include "pipelines/sidecars.h"
#include "pipelines/warnings.h"

namespace solstice {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

Json failure_line(const FailedFile& failure) {
  return {{"input", failure.input.string()},
          {"status", "failed"},
          {"stage", failure.stage},
          {"error", failure.error}};
}

struct ProgressLine {
  ~ProgressLine() { clear_progress(); }
};

class TranslateFlow {
 public:
  TranslateFlow(const TranslateOptions& options, const ImageModel& model, std::ostream& results)
      : options_(options), model_(model), results_(results) {}

  TranslateSummary run();

 private:
  void list();
  [[noreturn]] void fail_without_files(const Listing& listing) const;
  void plan_labels();
  Job job(size_t index) const;
  void show_plan();
  void prepare_folders();
  void translate_all();
  std::unique_ptr<Item> next();
  void finish(Photo& photo);
  void write_answer(const Json& line);
  void show_progress_line();
  void write_report();
  void write_pairs() const;

  const TranslateOptions& options_;
  const ImageModel& model_;
  std::ostream& results_;
  std::optional<OutputPlan> plan_;
  std::optional<std::vector<Job>> labelled_;  ///< with --sidecars the plan's jobs and their labels
  size_t next_job_ = 0;
  std::optional<Arrivals> arrivals_;  ///< of --watch
  std::atomic<int64_t> arrived_{0};
  std::atomic<bool> over_{false};  ///< begin nothing more
  PlaceWithin places_{options_.out};
  std::optional<Journal> journal_;
  std::optional<ShardManifest> manifest_;  ///< of a share only
  RunRecord record_;
  WarningTally warnings_;
  std::vector<GalleryPair> pairs_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_progress_{};
};

void TranslateFlow::list() {
  record_.model = model_.description;
  record_.model_options = model_.options;
  record_.made_by = result_hash(model_.identity, options_);
  record_.shard = choose_shard(options_.shard, [](const char* name) { return std::getenv(name); });
  if (!record_.shard.source.empty()) {
    log_info(message("shard ", record_.shard.index, " of ", record_.shard.count, " (",
                     record_.shard.source, ")"));
  }
  const OutputContext context{model_.name, record_.made_by, record_.shard};
  if (options_.watch) arrivals_.emplace(options_, context);
  Listing listing = list_images(options_.inputs, options_.out, options_.selection);
  if (options_.watch) {
    std::erase_if(listing.files,
                  [](const ListedFile& file) { return is_being_written(file.path); });
  } else if (listing.files.empty()) {
    fail_without_files(listing);
  }
  if (!listing.results.empty()) {
    log_info(message("results of earlier runs are left out: ", listing.results.size()));
  }
  if (options_.sidecars) leave_out_masks(listing);
  plan_.emplace(std::move(listing.files), options_, context);
  if (options_.sidecars) plan_labels();
  if (arrivals_) {
    for (size_t i = 0; i < plan_->size(); ++i) arrivals_->reserve((*plan_)[i]);
  }
  record_.summary.found = static_cast<int64_t>(plan_->size());
  for (const auto& problem : listing.problems) {
    if (!record_.shard.takes(problem.path.string())) continue;
    ++record_.summary.found;
    note_failure(record_, {problem.path, "list", problem.what});
    if (options_.json) write_answer(failure_line(record_.failures.back()));
  }
  over_ = must_end(options_, record_);
}

void TranslateFlow::fail_without_files(const Listing& listing) const {
  const bool chosen = !options_.selection.include.empty() || !options_.selection.exclude.empty();
  const std::string& list = options_.selection.files_from;
  const std::string where = list.empty() ? join(options_.inputs) : list;
  throw Error(ErrorKind::kInput,
              listing.problems.empty()
                  ? message("no images found in ", where,
                            chosen ? " that --include and --exclude leave" : "",
                            listing.results.empty() ? "" : ", only results of earlier runs")
                  : message(listing.problems[0].path.string(), ": ", listing.problems[0].what));
}

/// Labels are looked for, and their copies' names checked, before the first pixel.
void TranslateFlow::plan_labels() {
  labelled_.emplace();
  for (size_t i = 0; i < plan_->size(); ++i) labelled_->push_back((*plan_)[i]);
  plan_sidecars(*labelled_, options_.existing);
}

Job TranslateFlow::job(size_t index) const {
  return labelled_ ? (*labelled_)[index] : (*plan_)[index];
}

void TranslateFlow::show_plan() {
  TranslateSummary& summary = record_.summary;
  for (size_t i = 0; i < plan_->size(); ++i) {
    const Job job = this->job(i);
    ++(job.skip ? summary.skipped : summary.remaining);
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
}

void TranslateFlow::prepare_folders() {
  check_writable(options_.out);
  if (!options_.report.empty()) check_file_writable(options_.report);
  if (!options_.gallery.empty()) check_writable(options_.gallery);
  const fs::path state = fs::path(options_.out) / kStateFolder;
  for (const fs::path& folder : plan_->folders()) remove_stale_temporaries(folder);
  remove_stale_temporaries(state);
  journal_.emplace(options_.out, record_.shard.name());
  if (record_.shard.is_whole()) return;
  manifest_.emplace(options_.out, record_.shard);
  for (const FailedFile& failure : record_.failures) {
    manifest_->add(failure_line(failure));
  }
}

std::unique_ptr<Item> TranslateFlow::next() {
  const auto is_over = [this] { return over_ || stop_signal() != 0; };
  if (is_over()) return nullptr;
  if (next_job_ < plan_->size()) return read_photo(job(next_job_++), options_, model_);
  if (!arrivals_) return nullptr;
  auto photo = arrivals_->next(model_, is_over);
  if (photo) ++arrived_;
  return photo;
}

void TranslateFlow::finish(Photo& photo) {
  note_outcome(record_, photo);
  over_ = over_ || must_end(options_, record_);
  if (photo.ends_run) return;
  if (photo.failure.empty()) {
    warnings_.note(photo.job.input, photo.warnings);
    if (pairs_.size() < kGalleryPairs) pairs_.push_back({photo.job.input, photo.job.output});
  }
  if (options_.json || manifest_) {
    const Json line = result_line(photo);
    if (manifest_) manifest_->add(line);
    if (options_.json) write_answer(line);
  }
  show_progress_line();
}

void TranslateFlow::write_answer(const Json& line) {
  try {
    write_line(results_, line);
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
  const auto left = static_cast<double>(summary.found + arrived_ - summary.skipped) - worked;
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
      options_, model_,
      choose_callers(options_, model_, plan_->size(), [this](size_t i) { return job(i); }),
      arrivals_ ? Appearance::kAtOnce : Appearance::kTogether,
      {[this] { return next(); },
       [this](const Photo& photo) { note_written(*journal_, places_, photo, record_.made_by); },
       [this](Photo& photo) { finish(photo); }});
  warnings_.finish();
  TranslateSummary& summary = record_.summary;
  summary.found += arrived_;
  sum_up(record_);
  summary.stopped =
      (record_.pipeline.stopped || stop_signal() != 0) && (arrivals_ || summary.remaining > 0);
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
