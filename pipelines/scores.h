#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "metrics/metrics.h"

namespace solstice {

/// A number that each file has.
struct FileMetric {
  std::string name;
  const MetricRow* row = nullptr;  ///< null: colorfulness, which needs no truth
};

/// What --metrics asks for.
struct ChosenMetrics {
  std::vector<FileMetric> of_files;  ///< in the order asked for
  std::vector<std::string> of_sets;  ///< "kid", "fid"
  const MetricRow* judge = nullptr;  ///< the first that compares with a truth; null: none does

  bool needs_pairs() const { return judge != nullptr; }
  bool has_colorfulness() const;
};

/// Throws Error(kUsage) for a name that is no metric, one that stands twice, and for none.
ChosenMetrics choose_metrics(const std::vector<std::string>& names);

/// What one file came to. scores[s][m]: metric m of series s, NaN where it has none.
struct FileScores {
  std::string name;
  int width = 0, height = 0;  ///< of what was compared, 0: not known
  std::vector<std::vector<double>> scores;
  std::string failure;  ///< empty: it was compared
};

/// One line of the table.
struct SummaryRow {
  std::string metric;    ///< "psnr", "kid(NETWORK)"
  std::string series;    ///< whose: the model's name, "bicubic", ...
  double mean = 0;       ///< infinite when one value is: equal images have no noise
  double deviation = 0;  ///< sample standard deviation; NaN: there is none
  int64_t count = 0;     ///< files
};

/// A file by its place in Evaluation::files, from the worst on.
struct WorstFile {
  size_t file = 0;
  double value = 0;
};

/// Everything an evaluation has to say.
struct Evaluation {
  std::string subject;   ///< "a/ against b/", or the model's description
  std::string reading;   ///< how files were found: "paired by stem: 148 pairs"
  std::string protocol;  ///< "luma, 2 pixels of border cut off"
  std::vector<std::string> series;
  ChosenMetrics metrics;
  std::vector<FileScores> files;
  std::vector<SummaryRow> summary;
  std::vector<WorstFile> worst;
  /// Files that could not be paired, and why.
  std::vector<std::pair<std::string, std::string>> left_out;
  int64_t remaining = 0;  ///< not compared: the run was stopped
  double seconds = 0;

  int64_t failed() const;
};

/// Of the values that are numbers; nothing of none.
SummaryRow summarize(const std::string& metric, const std::string& series,
                     const std::vector<double>& values);

/// A row for each metric of files and series that has values, in that order.
std::vector<SummaryRow> summarize_files(const Evaluation& evaluation);

/// The value of the first series by the judge, and whether one value is worse than another. The
/// metrics must have a judge.
double judged(const Evaluation& evaluation, const FileScores& file);
bool is_worse(const Evaluation& evaluation, double a, double b);

/// At most `count` files with the worst values of the judge; of equal ones the earlier files.
std::vector<WorstFile> worst_files(const Evaluation& evaluation, int64_t count);

}  // namespace solstice
