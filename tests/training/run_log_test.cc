#include "training/run_log.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/message.h"

namespace solstice {
namespace {

TEST(RunLog, KeepsEveryNumberOfATrainingLineAsACurve) {
  const RunLog log = parse_run_log(
      "{\"step\":1,\"epoch\":1,\"batch\":4,\"lr\":0.1,\"G_L1\":40.5,\"new_key\":7,\"note\":\"x\"}\n"
      "{\"step\":2,\"epoch\":2,\"batch\":4,\"lr\":0.2,\"G_L1\":null,\"deep\":{\"a\":[1]}}\n");
  EXPECT_EQ(log.steps, 2);
  EXPECT_EQ(log.epoch, 2);
  ASSERT_EQ(log.curves.size(), 3u);
  EXPECT_EQ(log.curve("lr")->points.size(), 2u);
  EXPECT_EQ(log.curve("lr")->points[1].value, 0.2);
  EXPECT_EQ(log.curve("G_L1")->points.size(), 1u);
  EXPECT_EQ(log.curve("new_key")->points[0].step, 1);
  EXPECT_EQ(log.curve("batch"), nullptr);
}

TEST(RunLog, TellsValidationsAndEventsFromSteps) {
  const RunLog log = parse_run_log(
      R"({"step":5,"event":"validation","psnr":20.5,"best":true}
{"step":6,"event":"nan","what":"loss G_GAN is not a number","action":"step undone","count":2}
{"step":10,"event":"validation","psnr":19,"seconds":1.5,"best":false}
)");
  EXPECT_EQ(log.steps, 0);
  EXPECT_TRUE(log.curves.empty());
  ASSERT_EQ(log.validations.size(), 2u);
  EXPECT_TRUE(log.validations[0].best);
  EXPECT_FALSE(log.validations[1].best);
  EXPECT_EQ(log.validations[1].metrics.size(), 2u);
  ASSERT_EQ(log.events.size(), 1u);
  EXPECT_EQ(log.events[0].event, "nan");
  EXPECT_EQ(log.events[0].what, "loss G_GAN is not a number; action: step undone; count: 2");
}

TEST(RunLog, LeavesOutWhatIsNoLine) {
  const RunLog log = parse_run_log(
      "\n[1]\n{\"G\":1}\n{\"step\":\"x\"}\nnot json\n{\"step\":1.5,\"G\":1}\n"
      "{\"step\":3,\"G\":1}\n{\"step\":4,\"G\":1e999}\n{\"step\":5,\"G\":2");
  ASSERT_EQ(log.curves.size(), 1u);
  EXPECT_EQ(log.curves[0].points.size(), 1u);
  EXPECT_EQ(log.steps, 3);
  EXPECT_EQ(parse_run_log("").steps, 0);
}

TEST(RunLog, ThinningKeepsTheEndsAndThePeaks) {
  std::vector<CurvePoint> points;
  for (int step = 1; step <= 100000; ++step) points.push_back({step, 1.0 + step % 7});
  points[4321].value = 1e6;
  points[77777].value = -1e6;
  const auto kept = thinned(points, 2000);
  EXPECT_LE(kept.size(), 2000u);
  EXPECT_GT(kept.size(), 1900u);
  EXPECT_EQ(kept.front().step, 1);
  EXPECT_EQ(kept.back().step, 100000);
  const auto by_value = [](const CurvePoint& a, const CurvePoint& b) { return a.value < b.value; };
  EXPECT_EQ(std::max_element(kept.begin(), kept.end(), by_value)->step, 4322);
  EXPECT_EQ(std::min_element(kept.begin(), kept.end(), by_value)->step, 77778);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(),
                             [](const auto& a, const auto& b) { return a.step < b.step; }));
  EXPECT_EQ(thinned({{1, 2.0}}, 2000).size(), 1u);
}

TEST(RunLog, SmoothingIsUnbiasedFromTheStart) {
  const auto flat = smoothed({{1, 3.0}, {2, 3.0}, {3, 3.0}}, 100);
  for (const CurvePoint& point : flat) EXPECT_DOUBLE_EQ(point.value, 3);
  const auto same = smoothed({{1, 3.0}, {2, 5.0}}, 1);
  EXPECT_EQ(same[1].value, 5);
  const auto half = smoothed({{1, 0.0}, {2, 3.0}}, 3);  // weights 1/2 and 1
  EXPECT_DOUBLE_EQ(half[1].value, 2);
}

}  // namespace
}  // namespace solstice
