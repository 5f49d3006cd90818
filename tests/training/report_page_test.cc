#include "training/report_page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/files.h"
#include "core/message.h"
#include "core/rng.h"
#include "image/codec.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "training/report_charts.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;
using testing::TemporaryDirectory;

size_t count_of(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const size_t begin = text.find(from) + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

/// The page of a run directory, which must need nothing but itself.
std::string page_of(const fs::path& run) {
  write_report_page(run);
  std::string page = read_file(run / "report.html");
  EXPECT_LT(page.size(), 15u << 20);
  for (const char* outside : {"http:", "https:", "href", "<link", "<iframe", "@import"}) {
    EXPECT_EQ(count_of(page, outside), 0u) << outside;
  }
  EXPECT_EQ(count_of(page, "src=\""), count_of(page, "src=\"data:image/jpeg;base64,"));
  EXPECT_EQ(count_of(page, "url("), count_of(page, "url(#"));
  return page;
}

Json charts_of(const std::string& page) {
  return Json::parse(between(page, "id=\"data\">", "</script>"));
}

void write_grid(const fs::path& run, const std::string& name, int side = 40) {
  make_directories(run / "samples");
  cv::Mat pixels(side, side, CV_8UC3);
  Rng rng({static_cast<uint64_t>(side)});
  for (uchar& value : std::span(pixels.data, pixels.total() * 3)) {
    value = static_cast<uchar>(rng.next());
  }
  save_image((run / "samples" / name).string(), {pixels, {}});
}

std::string training_line(int step) {
  return message("{\"step\":", step, ",\"epoch\":2,\"lr\":0.0002,\"lr_D\":0.0001,\"batch\":1,",
                 "\"G_GAN\":1.5,\"G_L1\":40,\"D_real\":0.5,\"D_fake\":0.6,\"cycle_A\":2,",
                 "\"images_per_second\":4.5,\"data_wait\":0.125,\"grad_norm\":3}\n");
}

TEST(ReportPage, ShowsWhatTheRunDirectoryHolds) {
  const TemporaryDirectory directory;
  const fs::path run = directory / "my run";
  make_directories(run);
  std::string log;
  for (int step = 1; step <= 100; ++step) log += training_line(step);
  log += R"({"step":50,"event":"validation","psnr":21.25,"l1":0.1,"best":true}
{"step":80,"event":"nan","what":"loss G_GAN is not a number","action":"step undone"}
{"step":90,"event":"resume"}
{"step":100,"event":"validation","psnr":20.5,"l1":0.2,"best":false}
)";
  write_file_atomically(run / "log.jsonl", log);
  write_file_atomically(run / "options.ini", "# filters\nngf = 64\n# folder\ndata = a = b\n");
  write_grid(run, "step_00000050.png");
  write_grid(run, "step_00000100.png");
  const std::string page = page_of(run / "");
  EXPECT_EQ(count_of(page, "<title>my run</title>"), 1u);
  EXPECT_EQ(count_of(page, "<dt>Step</dt><dd>100</dd>"), 1u);
  EXPECT_EQ(count_of(page, "<dt>Images per second</dt><dd>4.5</dd>"), 1u);
  EXPECT_EQ(count_of(page, "<dt>Waiting for data</dt><dd>12.5 %</dd>"), 1u);
  EXPECT_EQ(count_of(page, "<dt>Best validation</dt><dd>step 50</dd>"), 1u);
  EXPECT_EQ(count_of(page, "<figcaption>step 50</figcaption>"), 1u);
  EXPECT_EQ(count_of(page, "<tr class=\"best\"><td class=\"number\">50</td>"), 1u);
  EXPECT_EQ(count_of(page, "<td>nan</td><td>loss G_GAN is not a number; action: step undone"), 1u);
  EXPECT_EQ(count_of(page, "<td>resume</td>"), 1u);
  EXPECT_EQ(count_of(page, "<td>ngf</td><td>64</td><td class=\"soft\">filters</td>"), 1u);
  EXPECT_EQ(count_of(page, "<td>data</td><td>a = b</td>"), 1u);
  const Json charts = charts_of(page);
  EXPECT_EQ(charts["losses"].size(), 4u);
  EXPECT_EQ(charts["validation"].size(), 2u);
  EXPECT_EQ(charts["markers"].size(), 2u);
}

TEST(ReportPage, GivesLossesOfAnotherFamilyOrScaleAChartOfTheirOwn) {
  const Json charts = report_charts(parse_run_log(message(training_line(1), training_line(2))));
  std::vector<std::string> found;
  for (const char* group : {"losses", "rates"}) {
    for (const Json& chart : charts[group]) {
      std::string text = message(chart["title"].get<std::string>(), ":");
      for (const Json& curve : chart["curves"]) {
        text += message(" ", curve["name"].get<std::string>());
      }
      found.push_back(text);
    }
  }
  const std::vector<std::string> expected = {"Generator: G_GAN",
                                             "Generator: G_L1",
                                             "Discriminator: D_real D_fake",
                                             "Other losses: cycle_A",
                                             "Learning rate: lr lr_D",
                                             "Gradient norm: grad_norm",
                                             "Images per second: images_per_second",
                                             "Share of time spent waiting for data: data_wait"};
  EXPECT_EQ(found, expected);
}

TEST(ReportPage, EscapesEverythingThatWasWrittenByOthers) {
  const TemporaryDirectory directory;
  const std::string evil = "</script><script>alert(1)<!--\"'&";
  const fs::path run = directory / "<b>run&";
  make_directories(run);
  const Json step = {{"step", 1}, {evil, 2.5}};
  const Json event = {{"step", 1}, {"event", evil}, {"what", evil}, {evil, evil}};
  const Json validation = {{"step", 1}, {"event", "validation"}, {evil, 1.0}, {"best", true}};
  write_file_atomically(run / "log.jsonl", message(step, "\n", event, "\n", validation, "\n"));
  write_file_atomically(run / "options.ini", message("# ", evil, "\n", evil, " = ", evil, "\n"));
  write_grid(run, "<img src=x onerror=alert(1)>.png");
  const std::string page = page_of(run);
  EXPECT_EQ(count_of(page, "alert(1)<"), 0u);
  EXPECT_EQ(count_of(page, "<!--"), 0u);
  EXPECT_EQ(count_of(page, "</script>"), 2u);
  EXPECT_EQ(count_of(page, "<img src=x"), 0u);
  EXPECT_EQ(count_of(page, "<title>&lt;b&gt;run&amp;</title>"), 1u);
  EXPECT_EQ(charts_of(page)["losses"][0]["curves"][0]["name"], evil);
}

TEST(ReportPage, OfARunThatHasLoggedNothingSaysSo) {
  const TemporaryDirectory directory;
  EXPECT_NE(page_of(directory.path()).find("No step has been logged yet"), std::string::npos);
  write_file_atomically(directory / "log.jsonl", "");
  EXPECT_NE(page_of(directory.path()).find("No step has been logged yet"), std::string::npos);
}

TEST(ReportPage, DoesWithoutALineThatAKillCutOff) {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "log.jsonl", message(training_line(7), "{\"step\":8,\"G_G"));
  EXPECT_EQ(count_of(page_of(directory.path()), "<dt>Step</dt><dd>7</dd>"), 1u);
}

TEST(ReportPage, StaysSmallForALongRun) {
  const TemporaryDirectory directory;
  std::string log;
  for (int step = 1; step <= 100000; ++step) {
    log += training_line(step);
    if (step % 100 == 0) log += message("{\"step\":", step, ",\"event\":\"nan\"}\n");
    if (step % 100 == 0) log += message("{\"step\":", step, ",\"event\":\"validation\",\"x\":1}\n");
  }
  write_file_atomically(directory / "log.jsonl", log);
  const std::string page = page_of(directory.path());
  EXPECT_LT(page.size(), 2u << 20);
  const Json curve = charts_of(page)["losses"][0]["curves"][0];
  EXPECT_LE(curve["raw"]["steps"].size(), kChartPoints);
  EXPECT_EQ(curve["raw"]["steps"].back(), 100000);
  EXPECT_LE(curve["smooth"]["steps"].size(), kChartPoints);
  EXPECT_EQ(count_of(page, "<td>nan</td>"), kReportTableRows);
  EXPECT_EQ(count_of(page, "The last 200 of 1000."), 2u);
}

TEST(ReportPage, ShowsSomeOfManyGridsAndAlwaysTheFirstAndTheLast) {
  const TemporaryDirectory directory;
  for (int step = 1; step <= 100; ++step) {
    char name[32];
    std::snprintf(name, sizeof name, "step_%08d.png", step);
    write_grid(directory.path(), name, 8);
  }
  write_file_atomically(directory / "samples/step_00000050.png", "no image");
  write_file_atomically(directory / "samples/.step_00000101.png.tmp.0123abcd.1.0", "half");
  const std::string page = page_of(directory.path());
  const size_t shown = count_of(page, "<img ");
  EXPECT_TRUE(shown == kReportGrids || shown == kReportGrids - 1) << shown;
  EXPECT_EQ(count_of(page, "<figcaption>step 1</figcaption>"), 1u);
  EXPECT_EQ(count_of(page, "<figcaption>step 100</figcaption>"), 1u);
  EXPECT_EQ(count_of(page, message("max=\"", shown - 1, "\"")), 1u);
}

TEST(ReportPage, ShrinksGridsThatWouldMakeItLarge) {
  const TemporaryDirectory directory;
  for (int i = 0; i < 3; ++i) {
    write_grid(directory.path(), message("step_0000000", i, ".png"), 1500);
  }
  EXPECT_LT(page_of(directory.path()).size(), size_t{3} * (15u << 20) / kReportGrids);
}

TEST(ReportPage, SaysWhyItCannotBeWritten) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(testing::fails_with("report.html: cannot be created",
                                  [&] { write_report_page(directory / "missing"); }));
}

}  // namespace
}  // namespace solstice
