#include "pipelines/scores.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>

#include "core/error.h"
#include "core/message.h"
#include "core/names.h"

namespace solstice {
namespace {

constexpr std::string_view kColorfulness = "colorfulness";
constexpr std::array<std::string_view, 2> kSetMetrics{"kid", "fid"};

const MetricRow* find_row(std::string_view name) {
  for (const MetricRow& row : metric_table()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

[[noreturn]] void throw_unknown(const std::string& name) {
  std::vector<std::string> known;
  for (const MetricRow& row : metric_table()) known.emplace_back(row.name);
  known.emplace_back(kColorfulness);
  known.insert(known.end(), kSetMetrics.begin(), kSetMetrics.end());
  const std::string nearest = nearest_name(name, known);
  throw Error(ErrorKind::kUsage, message("--metrics: '", name, "' is no metric",
                                         nearest.empty() ? "" : message("; did you mean ", nearest),
                                         "; expected of ", join(known)));
}

}  // namespace

bool ChosenMetrics::has_colorfulness() const {
  return std::any_of(of_files.begin(), of_files.end(),
                     [](const FileMetric& metric) { return metric.row == nullptr; });
}

ChosenMetrics choose_metrics(const std::vector<std::string>& names) {
  ChosenMetrics chosen;
  for (const std::string& name : names) {
    if (std::count(names.begin(), names.end(), name) > 1) {
      throw Error(ErrorKind::kUsage, message("--metrics: ", name, " stands there twice"));
    }
    const MetricRow* row = find_row(name);
    if (row != nullptr || name == kColorfulness) {
      chosen.of_files.push_back({name, row});
    } else if (std::find(kSetMetrics.begin(), kSetMetrics.end(), name) != kSetMetrics.end()) {
      chosen.of_sets.push_back(name);
    } else {
      throw_unknown(name);
    }
  }
  if (names.empty()) throw Error(ErrorKind::kUsage, "--metrics: names none");
  for (const FileMetric& metric : chosen.of_files) {
    if (metric.row != nullptr && chosen.judge == nullptr) chosen.judge = metric.row;
  }
  return chosen;
}

int64_t Evaluation::failed() const {
  return std::count_if(files.begin(), files.end(),
                       [](const FileScores& file) { return !file.failure.empty(); });
}

SummaryRow summarize(const std::string& metric, const std::string& series,
                     const std::vector<double>& values) {
  SummaryRow row{metric, series, 0, std::numeric_limits<double>::quiet_NaN(), 0};
  for (const double value : values) {
    if (std::isnan(value)) continue;
    row.mean += value;
    ++row.count;
  }
  const auto count = static_cast<double>(row.count);
  row.mean /= count;
  if (row.count < 2 || !std::isfinite(row.mean)) return row;
  double squares = 0;
  for (const double value : values) {
    if (!std::isnan(value)) squares += (value - row.mean) * (value - row.mean);
  }
  row.deviation = std::sqrt(squares / (count - 1));
  return row;
}

std::vector<SummaryRow> summarize_files(const Evaluation& evaluation) {
  std::vector<SummaryRow> rows;
  for (size_t m = 0; m < evaluation.metrics.of_files.size(); ++m) {
    for (size_t s = 0; s < evaluation.series.size(); ++s) {
      std::vector<double> values;
      for (const FileScores& file : evaluation.files) {
        if (file.failure.empty()) values.push_back(file.scores[s][m]);
      }
      SummaryRow row = summarize(evaluation.metrics.of_files[m].name, evaluation.series[s], values);
      if (row.count > 0) rows.push_back(std::move(row));
    }
  }
  return rows;
}

double judged(const Evaluation& evaluation, const FileScores& file) {
  size_t metric = 0;
  while (evaluation.metrics.of_files[metric].row != evaluation.metrics.judge) ++metric;
  return file.scores[0][metric];
}

bool is_worse(const Evaluation& evaluation, double a, double b) {
  return evaluation.metrics.judge->better == Better::kHigher ? a < b : a > b;
}

std::vector<WorstFile> worst_files(const Evaluation& evaluation, int64_t count) {
  if (!evaluation.metrics.needs_pairs()) return {};
  std::vector<WorstFile> worst;
  for (size_t i = 0; i < evaluation.files.size(); ++i) {
    const FileScores& file = evaluation.files[i];
    if (!file.failure.empty() || std::isnan(judged(evaluation, file))) continue;
    worst.push_back({i, judged(evaluation, file)});
  }
  std::stable_sort(worst.begin(), worst.end(), [&](const WorstFile& a, const WorstFile& b) {
    return is_worse(evaluation, a.value, b.value);
  });
  worst.resize(std::min(worst.size(), static_cast<size_t>(count)));
  return worst;
}

}  // namespace solstice
