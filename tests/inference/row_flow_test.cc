#include "inference/row_flow.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace solstice {
namespace {

constexpr int64_t kHeight = 300, kStrip = 16;
constexpr size_t kLayers = 120;

/// 3x3 convolutions one after the other; the last adds what the first made.
LayerGraph deep_graph() {
  LayerGraph graph(1);
  for (size_t i = 0; i < kLayers; ++i) {
    LayerNode node;
    node.inputs = {i};
    node.weight = at::zeros({4, 4, 3, 3});
    node.geometry = {Direction::kForward, 1, 1, 0};
    graph.push_back(node);
  }
  graph.back().residuals = {{1}};
  return graph;
}

class Flow : public ::testing::Test {
 protected:
  const LayerGraph graph_ = deep_graph();
  const std::vector<int64_t> heights_ = std::vector<int64_t>(kLayers + 1, kHeight);
  RowFlow flow_{graph_, heights_, kLayers, std::vector<bool>(kLayers + 1, false),
                [](size_t) { return kStrip; }};
};

TEST_F(Flow, MakesEveryRowOnceAndTheTargetsAStripAtATime) {
  std::vector<int64_t> made(kLayers + 1, 0);
  for (int64_t end = kStrip; flow_.made() < kHeight; end = std::min(kHeight, end + kStrip)) {
    const int64_t before = flow_.made();
    while (flow_.made() < end) {
      const FlowStep step = flow_.step(end);
      for (size_t i = 1; i <= kLayers; ++i) {
        if (step.fresh[i].count == 0) continue;
        EXPECT_EQ(step.fresh[i].first, made[i]);
        made[i] = step.fresh[i].end();
        EXPECT_TRUE(i < kLayers || step.fresh[i].first == before);
      }
    }
    EXPECT_EQ(flow_.made(), end);
  }
}

TEST_F(Flow, MakesNoMoreThanAStripAndHoldsWhatIsReadAgain) {
  int64_t most_held = 0;
  while (flow_.made() < 8 * kStrip) {
    const FlowStep step = flow_.step(flow_.made() / kStrip * kStrip + kStrip);
    int64_t held = 0;
    for (size_t i = 1; i < kLayers; ++i) {
      EXPECT_LE(step.fresh[i].count, kStrip + 1) << i;
      if (step.fresh[i].count > 0) held += step.fresh[i].end() - step.kept_from[i];
    }
    most_held = std::max(most_held, held);
  }
  // Two rows of each, and of the first those that the last one has yet to reach.
  EXPECT_LE(most_held, static_cast<int64_t>(3 * kLayers) + 2 * kStrip);
  EXPECT_GE(most_held, static_cast<int64_t>(2 * kLayers));
}

}  // namespace
}  // namespace solstice
