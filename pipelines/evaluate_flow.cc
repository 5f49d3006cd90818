#include "pipelines/evaluate_flow.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"
#include "metrics/set_distance.h"
#include "pipelines/collisions.h"
#include "pipelines/evaluation_page.h"
#include "pipelines/evaluation_report.h"
#include "pipelines/one_thread_per_image.h"
#include "pipelines/outputs.h"
#include "pipelines/photo_run.h"
#include "pipelines/report.h"
#include "pipelines/warnings.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

fs::path page_file(const std::string& page) {
  return lower_extension(page) == ".html" ? fs::path(page) : fs::path(page) / "index.html";
}

/// The features of a set, a row an image.
cv::Mat rows_of(const std::vector<std::vector<float>>& features) {
  const size_t columns = features.empty() ? 0 : features[0].size();
  cv::Mat rows(static_cast<int>(features.size()), static_cast<int>(columns), CV_32F);
  for (size_t i = 0; i < features.size(); ++i) {
    std::copy(features[i].begin(), features[i].end(), rows.ptr<float>(static_cast<int>(i)));
  }
  return rows;
}

class EvaluateFlow {
 public:
  EvaluateFlow(const EvaluateOptions& options, EvaluationPlan plan, const ImageModel* model,
               const FeatureModel* features, std::ostream& results);

  EvaluateSummary run();

 private:
  using FeatureSet = std::vector<std::vector<float>>;

  void check_differences() const;
  void prepare();
  PipelineResult compare_all();
  std::unique_ptr<Item> next();
  void finish(ComparedImages& item);
  void keep_features(ComparedImages& item);
  void keep_picture(std::string picture);
  void measure_sets();
  void note_set_distance(const std::string& metric, size_t series);
  void write_results();

  const EvaluateOptions& options_;
  const EvaluationPlan plan_;
  std::ostream& results_;
  Protocol protocol_;
  Evaluation evaluation_;
  size_t next_job_ = 0;
  std::vector<FeatureSet> features_;  ///< of each series
  FeatureSet truth_features_;
  size_t feature_count_ = 0;  ///< numbers of an image; 0: none was seen
  std::vector<std::pair<WorstFile, std::string>> pictures_;  ///< of the worst so far
  WarningTally warnings_;
  std::string disk_full_;
};

EvaluateFlow::EvaluateFlow(const EvaluateOptions& options, EvaluationPlan plan,
                           const ImageModel* model, const FeatureModel* features,
                           std::ostream& results)
    : options_(options), plan_(std::move(plan)), results_(results) {
  const auto scale = static_cast<int>(std::max<int64_t>(1, options.scale));
  if (model != nullptr && options.scale > 0 && scale != model->scale) {
    throw Error(ErrorKind::kUsage,
                message("--scale ", scale, " does not fit: the model's is ", model->scale));
  }
  protocol_.options = &options_;
  protocol_.model = model;
  protocol_.features = features;
  protocol_.inputs = plan_.inputs;
  protocol_.metrics = choose_metrics(options.metrics);
  protocol_.scale = model != nullptr ? model->scale : scale;
  if (plan_.inputs == EvaluationInputs::kShrunk && protocol_.scale == 1) {
    throw Error(ErrorKind::kUsage,
                "--inputs shrunk: the model's scale is 1, so there is nothing to shrink by");
  }
  protocol_.border = border_of(options, protocol_.scale);
  const Channel by_scale = protocol_.scale > 1 ? Channel::kY : Channel::kRgb;
  protocol_.channel = options.channel == Channel::kAuto ? by_scale : options.channel;
  protocol_.series = series_of(protocol_);
  features_.resize(protocol_.series.size());

  evaluation_.subject = model != nullptr       ? model->description
                        : options.data.empty() ? message(options.images, " against ", options.truth)
                                               : message(protocol_.series[0], " on ", options.data);
  evaluation_.reading = plan_.reading;
  evaluation_.protocol = protocol_.describe();
  evaluation_.series = protocol_.series;
  evaluation_.metrics = protocol_.metrics;
  evaluation_.left_out = plan_.left_out;
}

/// No picture may replace what is compared, nor another picture.
void EvaluateFlow::check_differences() const {
  check_collisions(
      plan_.jobs.size(),
      [&](size_t index) -> NamedResult {
        const EvaluationJob& job = plan_.jobs[index];
        const std::string picture = difference_file(job, options_).string();
        if (job.image.empty()) return {job.truth, picture};
        return {job.image, picture, job.truth};
      },
      {"choose another folder for --difference", "rename one, or leave --difference away"});
}

/// Places that cannot be written are found before the work.
void EvaluateFlow::prepare() {
  for (const std::string& file : {options_.report, options_.csv}) {
    if (!file.empty()) check_file_writable(file);
  }
  if (!options_.page.empty()) check_file_writable(page_file(options_.page));
  if (!options_.difference.empty()) {
    check_differences();
    check_writable(options_.difference);
  }
  log_info(message(evaluation_.subject, "; ", evaluation_.reading, "; ", evaluation_.protocol));
  for (const auto& [file, why] : plan_.left_out) log_warning(message(file, ": ", why));
}

std::unique_ptr<Item> EvaluateFlow::next() {
  if (next_job_ == plan_.jobs.size()) return nullptr;
  return read_comparison(plan_.jobs[next_job_++], protocol_);
}

/// All of an item or none: a set must be of one network's numbers.
void EvaluateFlow::keep_features(ComparedImages& item) {
  if (protocol_.features == nullptr) return;
  const std::vector<float>& any =
      item.candidates.empty() ? item.truth_features : item.candidates[0].features;
  if (feature_count_ == 0) feature_count_ = any.size();
  const auto fits = [&](const std::vector<float>& features) {
    return features.empty() || features.size() == feature_count_;
  };
  if (!fits(item.truth_features) ||
      !std::all_of(item.candidates.begin(), item.candidates.end(),
                   [&](const Candidate& candidate) { return fits(candidate.features); })) {
    item.result.failure = message("the feature network gives ", any.size(), " numbers for it, ",
                                  feature_count_, " for others; see --features-size");
    return;
  }
  for (size_t i = 0; i < item.candidates.size(); ++i) {
    features_[i].push_back(std::move(item.candidates[i].features));
  }
  if (!item.truth_features.empty()) truth_features_.push_back(std::move(item.truth_features));
}

/// Keeps it while its file, the last one so far, is among the worst.
void EvaluateFlow::keep_picture(std::string picture) {
  if (picture.empty()) return;
  const size_t file = evaluation_.files.size() - 1;
  const double value = judged(evaluation_, evaluation_.files[file]);
  if (std::isnan(value)) return;
  const auto place = std::find_if(pictures_.begin(), pictures_.end(), [&](const auto& kept) {
    return is_worse(evaluation_, value, kept.first.value);
  });
  pictures_.insert(place, {WorstFile{file, value}, std::move(picture)});
  if (pictures_.size() > static_cast<size_t>(options_.worst)) pictures_.pop_back();
}

void EvaluateFlow::finish(ComparedImages& item) {
  if (item.ends_run) {
    disk_full_ = item.failure;
    return;
  }
  const size_t name = leading_name(item);
  item.result.failure = item.failure.substr(0, item.failure.find('\n', name));
  if (item.result.failure.empty()) keep_features(item);
  const std::string& path = item.job.image.empty() ? item.job.truth : item.job.image;
  const std::string& failure = item.result.failure;
  if (!failure.empty()) {
    log_error(name > 0 ? failure : message(path, ": ", failure));
  } else {
    warnings_.note(path, item.notes);
  }
  if (options_.json) write_line(results_, file_line(item.result, evaluation_));
  evaluation_.files.push_back(std::move(item.result));
  if (evaluation_.files.back().failure.empty()) keep_picture(std::move(item.picture));
  show_progress(message(evaluation_.files.size(), "/", plan_.jobs.size()));
}

void EvaluateFlow::note_set_distance(const std::string& metric, size_t series) {
  const cv::Mat images = rows_of(features_[series]), truths = rows_of(truth_features_);
  SummaryRow row{message(metric, "(", protocol_.features->name, ")"), protocol_.series[series], 0,
                 std::numeric_limits<double>::quiet_NaN(), images.rows};
  try {
    if (metric == "kid") {
      const KidEstimate estimate = kid(
          images, truths,
          {options_.kid_subsets, options_.kid_subset_size, static_cast<uint64_t>(options_.seed)});
      row.mean = estimate.mean;
      if (estimate.subsets > 1) row.deviation = estimate.deviation;
    } else {
      row.mean = frechet_distance(images, truths);
    }
  } catch (const Error& error) {  // the other numbers are not lost with it
    log_warning(message(row.metric, " of ", row.series, ": ", error.what()));
    return;
  }
  evaluation_.summary.push_back(row);
}

void EvaluateFlow::measure_sets() {
  for (const std::string& metric : protocol_.metrics.of_sets) {
    for (size_t i = 0; i < features_.size(); ++i) {
      if (!features_[i].empty()) note_set_distance(metric, i);
    }
  }
}

void EvaluateFlow::write_results() {
  if (options_.json) {
    write_line(results_, Json{{"summary", summary_lines(evaluation_)}});
  } else if (!evaluation_.summary.empty()) {
    write_table(results_, evaluation_);
  }
  if (!options_.report.empty()) {
    write_file_atomically(options_.report,
                          to_text(evaluation_report(evaluation_, options_), 2) + "\n");
  }
  if (!options_.csv.empty()) write_file_atomically(options_.csv, evaluation_csv(evaluation_));
  if (options_.page.empty()) return;
  std::vector<std::string> pictures;
  for (const WorstFile& worst : evaluation_.worst) {
    pictures.emplace_back();
    for (auto& [kept, picture] : pictures_) {
      if (kept.file == worst.file) pictures.back() = std::move(picture);
    }
  }
  write_file_atomically(page_file(options_.page), evaluation_page(evaluation_, pictures));
}

PipelineResult EvaluateFlow::compare_all() {
  const OneThreadPerImage one_thread_per_image;
  PipelineOptions pipeline;
  pipeline.threads = options_.jobs;
  pipeline.memory_bytes = options_.memory.bytes;
  PipelineResult result = run_pipeline(
      pipeline, [this] { return next(); }, comparison_stages(protocol_),
      [this](Item& item) { finish(static_cast<ComparedImages&>(item)); });
  clear_progress();
  warnings_.finish();
  return result;
}

EvaluateSummary EvaluateFlow::run() {
  prepare();
  const PipelineResult result = compare_all();
  if (!disk_full_.empty()) throw Error(ErrorKind::kOutput, disk_full_);
  evaluation_.seconds = result.seconds;
  evaluation_.remaining = static_cast<int64_t>(plan_.jobs.size() - evaluation_.files.size());
  if (evaluation_.remaining > 0) {
    evaluation_.reading += message("; stopped, ", evaluation_.remaining, " were not compared");
  }
  evaluation_.summary = summarize_files(evaluation_);
  measure_sets();
  evaluation_.worst = worst_files(evaluation_, options_.worst);
  write_results();
  const int64_t failed = evaluation_.failed();
  return {static_cast<int64_t>(evaluation_.files.size()) - failed,
          failed,
          static_cast<int64_t>(plan_.left_out.size()),
          evaluation_.remaining,
          result.stopped,
          result.seconds};
}

}  // namespace

EvaluateSummary run_evaluate_flow(const EvaluateOptions& options, EvaluationPlan plan,
                                  const ImageModel* model, const FeatureModel* features,
                                  std::ostream& results) {
  return EvaluateFlow(options, std::move(plan), model, features, results).run();
}

}  // namespace solstice
