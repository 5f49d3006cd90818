#include "pipelines/report.h"

#include <gtest/gtest.h>

namespace solstice {
namespace {

RunRecord record() {
  RunRecord made;
  made.model = "negative";
  made.summary = {.found = 7, .done = 4, .skipped = 1, .failed = 1, .remaining = 1, .seconds = 2.0};
  made.pipeline.stages = {{"read", 0.5, 0.25}, {"infer", 1.8, 0.9}, {"encode", 1.0, 0.5}};
  made.summary.pixels = 3'000'000;
  made.failures = {{"in/a.jpg", "decode", "is cut off"}};
  return made;
}

TEST(Report, HasTheNumbersOfTheRun) {
  TranslateOptions options;
  options.inputs = {"in"};
  options.quality = 88;
  const nlohmann::json report = nlohmann::json::parse(to_text(make_report(options, record()), 2));
  EXPECT_EQ(report["version"], SOLSTICE_VERSION);
  EXPECT_EQ(report["inputs"][0], "in");
  EXPECT_EQ(report["options"]["quality"], 88);
  EXPECT_EQ(report["counts"]["found"], 7);
  EXPECT_EQ(report["counts"]["done"], 4);
  EXPECT_EQ(report["counts"]["remaining"], 1);
  EXPECT_DOUBLE_EQ(report["images_per_second"], 2.0);
  EXPECT_DOUBLE_EQ(report["megapixels_per_second"], 1.5);
  EXPECT_EQ(report["stages"].size(), 3u);
  EXPECT_EQ(report["bottleneck"], "infer");
  EXPECT_EQ(report["failures"][0]["input"], "in/a.jpg");
  EXPECT_EQ(report["failures"][0]["stage"], "decode");
  EXPECT_EQ(report["stopped"], false);
  EXPECT_FALSE(report.contains("error"));
}

TEST(Report, SaysWhatEndedTheRun) {
  RunRecord ended = record();
  ended.error = "disk full";
  EXPECT_EQ(make_report({}, ended)["error"], "disk full");
}

TEST(Report, OfNothingHasNoInfiniteRates) {
  EXPECT_EQ(make_report({}, {})["images_per_second"], 0.0);
  EXPECT_EQ(make_report({}, {})["bottleneck"], "");
}

TEST(Report, WritesNamesThatAreNoUtf8) {
  RunRecord strange = record();
  strange.failures[0].input = "in/\xff\xfe.jpg";
  EXPECT_NO_THROW(nlohmann::json::parse(to_text(make_report({}, strange))));
}

}  // namespace
}  // namespace solstice
