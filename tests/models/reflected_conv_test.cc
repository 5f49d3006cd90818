#include "models/networks/reflected_conv.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/reflection_pad2d.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "closeness.h"
#include "models/networks/winograd.h"

namespace solstice {
namespace {

struct Case {
  int64_t batch, in, out, height, width;
};

at::Tensor direct(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::conv2d(at::reflection_pad2d(x, {1, 1, 1, 1}), weight, bias);
}

/// Output and gradients of x, weight and bias for a fixed gradient from above.
template <class Convolve>
std::vector<at::Tensor> outcome(const Convolve& convolve, const std::vector<at::Tensor>& leaves,
                                const at::Tensor& above, at::ScalarType type) {
  std::vector<at::Tensor> inputs;
  for (const at::Tensor& leaf : leaves) {
    inputs.push_back(leaf.detach().to(type).requires_grad_(true));
  }
  std::vector<at::Tensor> found{convolve(inputs[0], inputs[1], inputs[2])};
  for (const at::Tensor& gradient : torch::autograd::grad(found, inputs, {above.to(type)})) {
    found.push_back(gradient);
  }
  return found;
}

std::vector<at::Tensor> random_leaves(const Case& c) {
  return {at::randn({c.batch, c.in, c.height, c.width}).contiguous(at::MemoryFormat::ChannelsLast),
          at::randn({c.out, c.in, 3, 3}) * 0.05, at::randn({c.out})};
}

TEST(ReflectedConv, ByWinogradEqualsTheDirectSumInFloat64) {
  // Sides that are and are not multiples of 4, the smallest, several blocks of tiles: below each
  // other and side by side, of weights that are small and large.
  for (const Case& c : {Case{1, 64, 64, 9, 13}, Case{2, 64, 96, 16, 22}, Case{1, 80, 64, 2, 3},
                        Case{1, 64, 64, 72, 70}, Case{1, 48, 48, 18, 150}, Case{1, 32, 192, 7, 11},
                        Case{1, 128, 128, 6, 1040}}) {
    const std::vector<at::Tensor> leaves = random_leaves(c);
    ASSERT_TRUE(winograd_fits(leaves[0], leaves[1]));
    const at::Tensor above = at::randn({c.batch, c.out, c.height, c.width});
    const auto found = outcome(reflected_conv3x3, leaves, above, at::kFloat);
    const auto expected = outcome(direct, leaves, above, at::kDouble);
    EXPECT_TRUE(found[0].is_contiguous(at::MemoryFormat::ChannelsLast));
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(found[i].sizes(), expected[i].sizes());
      const double scale = expected[i].abs().max().item<double>();
      EXPECT_LE(testing::max_abs_difference(found[i], expected[i]), 3e-5 * scale)
          << (std::array{"output", "input", "weight", "bias"}[i]) << " of " << c.in << " to "
          << c.out << ", " << c.height << "x" << c.width;
    }
  }
}

TEST(ReflectedConv, TakesWeightsInAnyLayoutAndNoBias) {
  const std::vector<at::Tensor> leaves = random_leaves({1, 64, 64, 8, 12});
  const at::Tensor x = leaves[0];
  const at::Tensor expected = reflected_conv3x3(x, leaves[1], {});
  const at::Tensor permuted = leaves[1].contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(testing::bitwise_equal(reflected_conv3x3(x, permuted, {}), expected));
  EXPECT_LE(testing::max_abs_difference(direct(x, leaves[1], {}), expected), 1e-4);
}

TEST(ReflectedConv, LeavesOtherTensorsToLibTorch) {
  const at::Tensor weight = at::randn({64, 64, 3, 3});
  const at::Tensor contiguous = at::randn({1, 64, 8, 8});
  const at::Tensor few = at::randn({1, 8, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_FALSE(winograd_fits(contiguous, weight));
  EXPECT_FALSE(winograd_fits(few, at::randn({64, 8, 3, 3})));
  EXPECT_TRUE(testing::bitwise_equal(reflected_conv3x3(contiguous, weight, {}),
                                     direct(contiguous, weight, {})));
}

TEST(ReflectedConv, GradientsOfGradientsAreThoseOfTheDirectSum) {
  const std::vector<at::Tensor> leaves = random_leaves({1, 64, 64, 6, 6});
  const at::Tensor above = at::randn({1, 64, 6, 6});
  const auto penalty = [&](const auto& convolve) {
    const at::Tensor x = leaves[0].detach().requires_grad_(true);
    const at::Tensor weight = leaves[1].detach().requires_grad_(true);
    const at::Tensor y = convolve(x, weight, leaves[2]);
    const at::Tensor slope = torch::autograd::grad({(y * y * above).sum()}, {x}, {},
                                                   /*retain_graph=*/true, /*create_graph=*/true)[0];
    return torch::autograd::grad({slope.square().sum()}, {x, weight});
  };
  const auto found = penalty(reflected_conv3x3), expected = penalty(direct);
  for (size_t i = 0; i < expected.size(); ++i) {
    const double scale = expected[i].abs().max().item<double>();
    EXPECT_LE(testing::max_abs_difference(found[i], expected[i]), 1e-4 * scale) << i;
  }
}

TEST(ReflectedConv, GivesTheSameBytesEveryTime) {
  const std::vector<at::Tensor> leaves = random_leaves({2, 64, 64, 20, 36});
  const at::Tensor above = at::randn({2, 64, 20, 36});
  const auto first = outcome(reflected_conv3x3, leaves, above, at::kFloat);
  const auto second = outcome(reflected_conv3x3, leaves, above, at::kFloat);
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(testing::bitwise_equal(first[i], second[i])) << i;
  }
}

}  // namespace
}  // namespace solstice
