#include "training/report_page.h"

#include <algorithm>
#include <cstdio>
#include <opencv2/imgproc.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "core/html.h"
#include "core/log.h"
#include "core/message.h"
#include "image/codec.h"
#include "training/report_assets.h"
#include "training/report_charts.h"
#include "training/run_log.h"

namespace solstice {
namespace {

constexpr int kGridSide = 1024;           ///< of a grid on the page, at most
constexpr size_t kGridBytes = 400 << 10;  ///< of its JPEG: 24 of them in base64 are 13 MB
constexpr int kGridQuality = 85;
constexpr size_t kRecentLines = 50;  ///< what "now" means for speed

/// The empty chart is in the page's own markup, since a script would have to name SVG's namespace.
/// The policy lets a browser load nothing, whatever the names in the page say.
constexpr std::string_view kReportHead = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<template id="chart"><figure class="chart"><figcaption><b></b></figcaption><svg></svg><div class="tip" hidden></div></figure></template>
)";

std::string text_of(const fs::path& path) {
  return fs::exists(path) ? read_file(path) : std::string();
}

std::string digits_text(double value, int digits) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

struct OptionRow {
  std::string key, value, help;
};

/// The lines of options.ini: "# help", then "key = value".
std::vector<OptionRow> parse_options(const std::string& text) {
  std::vector<OptionRow> rows;
  std::string help;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = line.find('=');
    if (line.starts_with('#')) {
      help = line.substr(std::min<size_t>(2, line.size()));
    } else if (equals != std::string::npos) {
      const std::string_view whole = line;
      rows.push_back({std::string(trim(whole.substr(0, equals))),
                      std::string(trim(whole.substr(equals + 1))), help});
      help.clear();
    }
  }
  return rows;
}

/// The mean of the last values of a curve; false when there is none.
bool recent_mean(const RunLog& log, std::string_view name, double& mean) {
  const Curve* curve = log.curve(name);
  if (curve == nullptr) return false;
  const size_t count = std::min(kRecentLines, curve->points.size());
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += curve->points[curve->points.size() - 1 - i].value;
  mean = sum / static_cast<double>(count);
  return true;
}

const ValidationLine* best_validation(const RunLog& log) {
  const auto best = std::find_if(log.validations.rbegin(), log.validations.rend(),
                                 [](const ValidationLine& line) { return line.best; });
  return best == log.validations.rend() ? nullptr : &*best;
}

std::string status_section(const RunLog& log) {
  if (log.steps == 0) return "<p>No step has been logged yet.</p>\n";
  std::string tiles;
  const auto tile = [&](const char* name, const std::string& value) {
    tiles += message("<div><dt>", name, "</dt><dd>", escape_html(value), "</dd></div>");
  };
  tile("Step", std::to_string(log.steps));
  if (log.epoch > 0) tile("Epoch", std::to_string(log.epoch));
  double mean = 0;
  if (recent_mean(log, "images_per_second", mean)) tile("Images per second", digits_text(mean, 3));
  if (recent_mean(log, "data_wait", mean)) {
    char share[32];
    std::snprintf(share, sizeof share, "%.1f %%", 100 * mean);
    tile("Waiting for data", share);
  }
  if (const ValidationLine* best = best_validation(log)) {
    tile("Best validation", message("step ", best->step));
  }
  return message("<dl class=\"tiles\">", tiles, "</dl>\n");
}

/// Which of `count` things are shown, evenly from the first to the last.
std::vector<size_t> evenly_chosen(size_t count, size_t most) {
  std::vector<size_t> chosen;
  const size_t shown = std::min(count, most);
  for (size_t i = 0; i < shown; ++i) {
    chosen.push_back(shown == 1 ? count - 1 : i * (count - 1) / (shown - 1));
  }
  return chosen;
}

std::string grid_jpeg(const fs::path& path) {
  const cv::Mat whole = load_image(path.string()).pixels;
  const int longest = std::max(whole.cols, whole.rows);
  for (int side = std::min(kGridSide, longest);; side = side * 3 / 4) {
    cv::Mat pixels = whole;
    if (side < longest) {
      const auto shrunk = [&](int length) {
        return std::max(1, static_cast<int>(int64_t{length} * side / longest));
      };
      cv::resize(whole, pixels, cv::Size(shrunk(whole.cols), shrunk(whole.rows)), 0, 0,
                 cv::INTER_AREA);
    }
    std::string jpeg = encode_image({pixels, {}}, {ImageFormat::kJpeg, kGridQuality});
    if (jpeg.size() <= kGridBytes || side < 64) return jpeg;
  }
}

/// "step 500" of step_00000500.png, else the file's name.
std::string grid_caption(const fs::path& path) {
  const std::string stem = path.stem().string();
  const size_t digits = stem.find_first_of("123456789");
  const bool is_step = stem.starts_with("step_") && digits != std::string::npos &&
                       stem.find_first_not_of("0123456789", 5) == std::string::npos;
  return is_step ? "step " + stem.substr(digits) : path.filename().string();
}

std::string samples_section(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (fs::directory_iterator it(directory, ignored), end; it != end; it.increment(ignored)) {
    const bool hidden = it->path().filename().string().starts_with('.');
    if (!hidden && lower_extension(it->path()) == ".png") files.push_back(it->path());
  }
  if (files.empty()) return {};
  std::sort(files.begin(), files.end());
  std::string figures;
  size_t shown = 0;
  for (const size_t index : evenly_chosen(files.size(), kReportGrids)) {
    try {
      const std::string caption = escape_html(grid_caption(files[index]));
      figures += message("<figure><figcaption>", caption, "</figcaption><img alt=\"", caption,
                         "\" src=\"data:image/jpeg;base64,", to_base64(grid_jpeg(files[index])),
                         "\"></figure>\n");
      ++shown;
    } catch (const std::exception& error) {
      log_warning(message("left out of report.html: ", error.what()));
    }
  }
  if (shown == 0) return {};
  const std::string note =
      shown == files.size() ? std::string()
                            : message("<p class=\"soft\">", shown, " of ", files.size(), ".</p>\n");
  return message("<h2>Samples over time</h2>\n", note,
                 "<div class=\"samples\">"
                 "<input type=\"range\" hidden aria-label=\"sample grid\" min=\"0\" max=\"",
                 shown - 1, "\" value=\"", shown - 1, "\">\n", figures, "</div>\n");
}

std::string left_out_note(size_t all) {
  if (all <= kReportTableRows) return {};
  return message("<p class=\"soft\">The last ", kReportTableRows, " of ", all, ".</p>\n");
}

std::string validation_section(const RunLog& log) {
  if (log.validations.empty()) return {};
  std::vector<std::string> names;
  for (const ValidationLine& line : log.validations) {
    for (const auto& [name, value] : line.metrics) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::string rows = "<tr><th class=\"number\">Step</th>";
  for (const std::string& name : names) {
    rows += message("<th class=\"number\">", escape_html(name), "</th>");
  }
  rows += "<th></th></tr>\n";
  const ValidationLine* best = best_validation(log);
  const size_t all = log.validations.size();
  for (size_t i = all; i-- > 0;) {
    const ValidationLine& line = log.validations[i];
    if (all - i > kReportTableRows && &line != best) continue;
    rows += message(&line == best ? "<tr class=\"best\">" : "<tr>", "<td class=\"number\">",
                    line.step, "</td>");
    for (const std::string& name : names) {
      const auto found = std::find_if(line.metrics.begin(), line.metrics.end(),
                                      [&](const auto& metric) { return metric.first == name; });
      rows += message("<td class=\"number\">",
                      found == line.metrics.end() ? "" : digits_text(found->second, 5), "</td>");
    }
    rows += message("<td>", &line == best ? "best" : "", "</td></tr>\n");
  }
  return message("<h2>Validation</h2>\n<div class=\"charts\" id=\"validation\"></div>\n<p></p>\n",
                 left_out_note(all), "<div class=\"table\"><table>\n", rows, "</table></div>\n");
}

std::string events_section(const RunLog& log) {
  if (log.events.empty()) return {};
  std::string rows = "<tr><th class=\"number\">Step</th><th>Event</th><th>What</th></tr>\n";
  const size_t all = log.events.size();
  for (size_t i = all; i-- > all - std::min(all, kReportTableRows);) {
    const RunEvent& event = log.events[i];
    rows += message("<tr><td class=\"number\">", event.step, "</td><td>", escape_html(event.event),
                    "</td><td>", escape_html(event.what), "</td></tr>\n");
  }
  return message("<h2>Events</h2>\n", left_out_note(all), "<div class=\"table\"><table>\n", rows,
                 "</table></div>\n");
}

std::string options_section(const std::vector<OptionRow>& options) {
  if (options.empty()) return {};
  std::string rows = "<tr><th>Option</th><th>Value</th><th>What it is</th></tr>\n";
  for (const OptionRow& option : options) {
    rows += message("<tr><td>", escape_html(option.key), "</td><td>", escape_html(option.value),
                    "</td><td class=\"soft\">", escape_html(option.help), "</td></tr>\n");
  }
  return message("<details open><summary><h2>Options</h2></summary><div class=\"table\"><table>\n",
                 rows, "</table></div></details>\n");
}

std::string run_name(const fs::path& run_directory) {
  const fs::path whole = fs::absolute(run_directory).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

/// JSON as it may stand in a <script>: nothing in it ends the element or opens a comment.
std::string script_json(const nlohmann::ordered_json& json) {
  const std::string text =
      json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string safe;
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

void write_report_page(const fs::path& run_directory) {
  const RunLog log = parse_run_log(text_of(run_directory / "log.jsonl"));
  const std::string name = escape_html(run_name(run_directory));
  const nlohmann::ordered_json charts = report_charts(log);
  std::string page =
      message(kReportHead, "<title>", name, "</title>\n<style>", report_style(), "</style>\n<h1>",
              name, "</h1>\n<div id=\"written\"></div>\n", status_section(log),
              "<noscript><p>The charts need JavaScript.</p></noscript>\n");
  if (!charts["losses"].empty()) {
    page += "<h2>Losses</h2>\n<div class=\"charts\" id=\"losses\"></div>\n";
  }
  page += samples_section(run_directory / "samples") + validation_section(log);
  if (!charts["rates"].empty()) {
    page += "<h2>Rates</h2>\n<div class=\"charts\" id=\"rates\"></div>\n";
  }
  page += events_section(log);
  page += options_section(parse_options(text_of(run_directory / "options.ini")));
  page += message("<script type=\"application/json\" id=\"data\">", script_json(charts),
                  "</script>\n<script>", report_script(), "</script>\n");
  write_file_atomically(run_directory / "report.html", page);
}

}  // namespace solstice
