#include "pipelines/evaluation_page.h"

#include <string_view>

#include "core/html.h"
#include "core/message.h"
#include "pipelines/comparison.h"
#include "pipelines/evaluation_report.h"

namespace solstice {
namespace {

constexpr size_t kMostRows = 10'000;  ///< files on the page; the CSV has them all

constexpr std::string_view kTableStyle = R"(table { border-collapse: collapse; margin: 0 0 2rem; }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child, .text { text-align: left; overflow-wrap: anywhere; }
td { font-variant-numeric: tabular-nums; }
.note { font-size: .9rem; opacity: .75; overflow-wrap: anywhere; }
)";

std::string summary_table(const Evaluation& evaluation) {
  std::string html =
      "<table><tr><th>metric</th><th class=\"text\">of</th><th>mean</th><th>deviation</th>"
      "<th>files</th></tr>\n";
  for (const SummaryRow& row : evaluation.summary) {
    html += message("<tr><td>", escape_html(row.metric), "</td><td class=\"text\">",
                    escape_html(row.series), "</td><td>", number_text(row.mean), "</td><td>",
                    number_text(row.deviation), "</td><td>", row.count, "</td></tr>\n");
  }
  return html + "</table>\n";
}

std::string worst_figures(const Evaluation& evaluation, const std::vector<std::string>& pictures) {
  std::string html;
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (pictures[i].empty()) continue;
    const WorstFile& worst = evaluation.worst[i];
    html += message("<figure><img alt=\"result, truth and difference\" ",
                    "src=\"data:image/jpeg;base64,", to_base64(pictures[i]), "\"><figcaption>",
                    escape_html(evaluation.files[worst.file].name), ": ",
                    evaluation.metrics.judge->name, " ", number_text(worst.value),
                    "</figcaption></figure>\n");
  }
  if (html.empty()) return html;
  return message(
      "<h2>The worst files</h2>\n<p class=\"note\">Left: ", escape_html(evaluation.series[0]),
      ". Middle: truth. Right: ", kDifferenceGain, " times their difference.</p>\n", html);
}

std::string file_table(const Evaluation& evaluation) {
  std::string html = "<h2>Every file</h2>\n<table><tr><th>file</th>";
  for (const FileMetric& metric : evaluation.metrics.of_files) {
    for (const std::string& series : evaluation.series) {
      html += message("<th>", escape_html(metric.name), "<br>", escape_html(series), "</th>");
    }
  }
  html += "</tr>\n";
  const size_t rows = std::min(evaluation.files.size(), kMostRows);
  for (size_t i = 0; i < rows; ++i) {
    const FileScores& file = evaluation.files[i];
    html += message("<tr><td>", escape_html(file.name), "</td>");
    if (!file.failure.empty()) {
      html += message("<td class=\"text\" colspan=\"99\">", escape_html(file.failure), "</td>");
    }
    for (size_t m = 0; file.failure.empty() && m < evaluation.metrics.of_files.size(); ++m) {
      for (const auto& scores : file.scores)
        html += message("<td>", number_text(scores[m]), "</td>");
    }
    html += "</tr>\n";
  }
  html += "</table>\n";
  const size_t more = evaluation.files.size() - rows;
  return more > 0 ? html + message("<p>", more, " more files are not shown.</p>\n") : html;
}

std::string left_out_list(const Evaluation& evaluation) {
  if (evaluation.left_out.empty()) return "";
  std::string html = "<h2>Left out</h2>\n<ul>\n";
  for (const auto& [file, why] : evaluation.left_out) {
    html += message("<li>", escape_html(file), ": ", escape_html(why), "</li>\n");
  }
  return html + "</ul>\n";
}

}  // namespace

std::string evaluation_page(const Evaluation& evaluation,
                            const std::vector<std::string>& pictures) {
  return message(html_head(evaluation.subject, kTableStyle), "<p>", escape_html(evaluation.reading),
                 ". Compared by ", escape_html(evaluation.protocol), ".</p>\n",
                 summary_table(evaluation), worst_figures(evaluation, pictures),
                 file_table(evaluation), left_out_list(evaluation));
}

}  // namespace solstice
