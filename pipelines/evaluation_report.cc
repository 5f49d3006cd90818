#include "pipelines/evaluation_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "core/log.h"
#include "core/message.h"
#include "core/options_json.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

/// JSON has no infinity; null would read as "there is none".
Json number_json(double value) {
  if (std::isnan(value)) return nullptr;
  return std::isinf(value) ? Json(value > 0 ? "inf" : "-inf") : Json(value);
}

/// Enough digits to read the same number back.
std::string csv_number(double value) {
  if (std::isnan(value)) return "";
  char text[40];
  std::snprintf(text, sizeof text, "%.12g", value);
  return text;
}

/// Quoted where it must be; names may hold anything.
std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted(1, '"');
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

bool has_values(const Evaluation& evaluation, size_t series, size_t metric) {
  return std::any_of(evaluation.files.begin(), evaluation.files.end(), [&](const FileScores& file) {
    return file.failure.empty() && !std::isnan(file.scores[series][metric]);
  });
}

/// A file without this number lacks it: truths are held against nothing, and colourfulness is told
/// of what there is.
bool is_missing(const Evaluation& evaluation, size_t series, size_t metric) {
  const ChosenMetrics& metrics = evaluation.metrics;
  const bool is_truth = metrics.has_colorfulness() && series + 1 == evaluation.series.size();
  return metrics.of_files[metric].row != nullptr && !is_truth;
}

struct Column {
  size_t series, metric;
};

std::vector<Column> columns_of(const Evaluation& evaluation) {
  std::vector<Column> columns;
  for (size_t m = 0; m < evaluation.metrics.of_files.size(); ++m) {
    for (size_t s = 0; s < evaluation.series.size(); ++s) {
      if (has_values(evaluation, s, m)) columns.push_back({s, m});
    }
  }
  return columns;
}

}  // namespace

std::string number_text(double value) {
  if (std::isnan(value)) return "-";
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

void write_table(std::ostream& out, const Evaluation& evaluation) {
  size_t metric_width = 6, series_width = 2;
  for (const SummaryRow& row : evaluation.summary) {
    metric_width = std::max(metric_width, row.metric.size());
    series_width = std::max(series_width, row.series.size());
  }
  const auto line = [&](const std::string& metric, const std::string& series,
                        const std::string& mean, const std::string& deviation,
                        const std::string& files) {
    out << std::left << std::setw(static_cast<int>(metric_width) + 2) << metric
        << std::setw(static_cast<int>(series_width)) << series << std::right << std::setw(12)
        << mean << std::setw(12) << deviation << std::setw(8) << files << '\n';
  };
  out << evaluation.protocol << '\n';
  line("metric", "of", "mean", "deviation", "files");
  for (const SummaryRow& row : evaluation.summary) {
    line(row.metric, printable(row.series), number_text(row.mean), number_text(row.deviation),
         std::to_string(row.count));
  }
  if (evaluation.worst.empty()) return;
  out << "worst by " << evaluation.metrics.judge->name << ":\n";
  for (const WorstFile& worst : evaluation.worst) {
    out << "  " << std::setw(10) << number_text(worst.value) << "  "
        << printable(evaluation.files[worst.file].name) << '\n';
  }
}

Json file_line(const FileScores& file, const Evaluation& evaluation) {
  Json line{{"file", file.name}, {"status", file.failure.empty() ? "done" : "failed"}};
  if (file.width > 0) line["size"] = {file.width, file.height};
  if (!file.failure.empty()) {
    line["error"] = file.failure;
    return line;
  }
  Json& scores = line["scores"] = Json::object();
  for (size_t s = 0; s < evaluation.series.size(); ++s) {
    for (size_t m = 0; m < evaluation.metrics.of_files.size(); ++m) {
      const double value = file.scores[s][m];
      if (std::isnan(value) && !is_missing(evaluation, s, m)) continue;
      scores[evaluation.series[s]][evaluation.metrics.of_files[m].name] = number_json(value);
    }
  }
  return line;
}

Json summary_lines(const Evaluation& evaluation) {
  Json rows = Json::array();
  for (const SummaryRow& row : evaluation.summary) {
    rows.push_back(Json{{"metric", row.metric},
                        {"of", row.series},
                        {"mean", number_json(row.mean)},
                        {"deviation", number_json(row.deviation)},
                        {"files", row.count}});
  }
  return rows;
}

Json evaluation_report(const Evaluation& evaluation, const EvaluateOptions& options) {
  EvaluateOptions copy = options;
  Json report;
  report["version"] = SOLSTICE_VERSION;
  report["subject"] = evaluation.subject;
  report["reading"] = evaluation.reading;
  report["protocol"] = evaluation.protocol;
  report["options"] = to_json(fields_of(copy));
  const int64_t failed = evaluation.failed();
  report["counts"] = Json{{"compared", static_cast<int64_t>(evaluation.files.size()) - failed},
                          {"failed", failed},
                          {"left_out", evaluation.left_out.size()},
                          {"remaining", evaluation.remaining}};
  report["seconds"] = evaluation.seconds;
  report["summary"] = summary_lines(evaluation);
  report["worst"] = Json::array();
  for (const WorstFile& worst : evaluation.worst) {
    report["worst"].push_back(Json{{"file", evaluation.files[worst.file].name},
                                   {"metric", evaluation.metrics.judge->name},
                                   {"value", number_json(worst.value)}});
  }
  report["left_out"] = Json::array();
  for (const auto& [file, why] : evaluation.left_out) {
    report["left_out"].push_back(Json{{"file", file}, {"why", why}});
  }
  report["files"] = Json::array();
  for (const FileScores& file : evaluation.files) {
    report["files"].push_back(file_line(file, evaluation));
  }
  return report;
}

std::string evaluation_csv(const Evaluation& evaluation) {
  const std::vector<Column> columns = columns_of(evaluation);
  std::ostringstream csv;
  csv << "file,status,width,height";
  for (const Column& column : columns) {
    csv << ','
        << csv_text(message(evaluation.metrics.of_files[column.metric].name, " ",
                            evaluation.series[column.series]));
  }
  csv << ",error\r\n";
  for (const FileScores& file : evaluation.files) {
    const bool failed = !file.failure.empty();
    csv << csv_text(file.name) << (failed ? ",failed" : ",done");
    csv << (file.width > 0 ? message(",", file.width, ",", file.height) : ",,");
    for (const Column& column : columns) {
      csv << ',' << (failed ? "" : csv_number(file.scores[column.series][column.metric]));
    }
    csv << ',' << csv_text(file.failure) << "\r\n";
  }
  return csv.str();
}

}  // namespace solstice
