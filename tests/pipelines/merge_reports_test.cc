#include "pipelines/merge_reports.h"

#include "flow_fixture.h"
#include "pipelines/outputs.h"
#include "pipelines/report.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;
using testing::TemporaryDirectory;
using testing::write_text;

NamedReport report_of(int64_t index, int64_t count, const TranslateOptions& options = {}) {
  RunRecord record;
  record.model = "negative";
  record.made_by = result_hash("negative", options);
  record.shard = {index, count, ""};
  record.summary = {
      .found = 10, .done = 8, .skipped = 1, .failed = 1, .seconds = index == 0 ? 2.0 : 4.0};
  record.pipeline.stages = {{"read", 1, 0.25}, {"infer", 2, 0.5}};
  record.summary.pixels = 4'000'000;
  record.failures = {{message("in/", index, ".jpg"), "decode", "is cut off"}};
  record.warnings = {{message("in/", index, ".png"), {"its alpha is composed on white"}}};
  return {message("shard-", index, ".json"), make_report(options, record)};
}

TEST(MergeReports, AddsUpTheShards) {
  const MergedReport merged = merge_reports({report_of(0, 2), report_of(1, 2)});
  EXPECT_TRUE(merged.problems.empty());
  EXPECT_EQ(merged.failed, 2);
  const auto& report = merged.report;
  EXPECT_EQ(report["counts"]["found"], 20);
  EXPECT_EQ(report["counts"]["done"], 16);
  EXPECT_EQ(report["shards"]["count"], 2);
  EXPECT_EQ(report["shards"]["missing"].size(), 0U);
  EXPECT_EQ(report["seconds"], 4.0);
  EXPECT_EQ(report["seconds_sum"], 6.0);
  EXPECT_EQ(report["images_per_second"], 4.0);
  EXPECT_EQ(report["megapixels_per_second"], 2.0);
  EXPECT_EQ(report["stages"][1]["seconds"], 4.0);
  EXPECT_EQ(report["stages"][1]["busy"], 0.5);
  EXPECT_EQ(report["bottleneck"], "infer");
  EXPECT_EQ(report["failures"][1]["input"], "in/1.jpg");
  EXPECT_EQ(report["warnings"].size(), 2U);
  EXPECT_EQ(report["warnings"][1]["input"], "in/1.png");
  EXPECT_EQ(report["warnings"][1]["warnings"][0], "its alpha is composed on white");
}

TEST(MergeReports, NamesShardsThatAreMissingDoubledOrOfAnotherCount) {
  const auto problems = merge_reports({report_of(0, 4), report_of(2, 4), report_of(2, 4)}).problems;
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0], "missing of 4 shards: 1, 3");
  EXPECT_EQ(problems[1], "there twice: shards 2");
  EXPECT_EQ(merge_reports({report_of(0, 2), report_of(1, 3)}).problems.at(0),
            "shard-1.json: is one of 3 shards, the others of 2");
}

TEST(MergeReports, NamesAnotherModelAndOtherOptions) {
  TranslateOptions other;
  other.quality = 50;
  other.jobs = 3;
  EXPECT_EQ(merge_reports({report_of(0, 2), report_of(1, 2, other)}).problems.at(0),
            "shard-1.json: made otherwise than shard-0.json, by other options: --quality 50 (0)");
  NamedReport winter = report_of(1, 2);
  winter.report["made_by"] = "0000000000000001";
  winter.report["model"] = "winter";
  EXPECT_EQ(merge_reports({report_of(0, 2), winter}).problems.at(0),
            "shard-1.json: made otherwise than shard-0.json, by another model: winter");
}

TEST(MergeReports, TakesReportsOfStrangeContents) {
  NamedReport strange{"x.json", nlohmann::ordered_json::parse(R"({"counts": {"found": 1e300,
      "done": "x", "failed": -5}, "stages": [1, {"name": 2}], "shard": [], "options": 7,
      "seconds": null, "peak": 3, "failures": 9, "stopped": 1, "made_by": 4})")};
  EXPECT_NO_THROW(to_text(merge_reports({strange, report_of(0, 1)}).report));
  EXPECT_NO_THROW(to_text(merge_reports({report_of(0, 1), strange}).report));
}

TEST(MergeReports, ReadsOnlyReports) {
  const TemporaryDirectory folder;
  write_text(folder / "a.json", "{\"counts\": 1}");
  EXPECT_TRUE(
      fails_with("a.json: is no report", [&] { read_report((folder / "a.json").string()); }));
  write_text(folder / "b.json", "not json");
  EXPECT_TRUE(
      fails_with("b.json: is no report", [&] { read_report((folder / "b.json").string()); }));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  write_text(folder / "d.json", R"({"counts": {}, "failures": [)" + deep + "]}");
  EXPECT_TRUE(
      fails_with("d.json: is no report", [&] { read_report((folder / "d.json").string()); }));
  EXPECT_TRUE(
      fails_with("c.json: cannot be opened", [&] { read_report((folder / "c.json").string()); }));
}

}  // namespace
}  // namespace solstice
