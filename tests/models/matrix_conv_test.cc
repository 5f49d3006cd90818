#include "models/networks/matrix_conv.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "closeness.h"

namespace solstice {
namespace {

struct Case {
  const char* name;
  ConvGeometry geometry;
  std::vector<int64_t> x, weight;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"halving", {Direction::kForward, 2, 1, 0}, {1, 3, 8, 6}, {5, 3, 4, 4}},
      {"halving two images", {Direction::kForward, 2, 1, 0}, {2, 3, 4, 8}, {5, 3, 4, 4}},
      {"to one pixel", {Direction::kForward, 2, 1, 0}, {1, 3, 2, 2}, {5, 3, 4, 4}},
      {"odd sides", {Direction::kForward, 1, 0, 0}, {2, 16, 5, 7}, {4, 16, 3, 3}},
      {"more than one block", {Direction::kForward, 2, 1, 0}, {3, 160, 9, 11}, {77, 160, 4, 4}},
      {"doubling", {Direction::kTransposed, 2, 1, 0}, {1, 3, 4, 3}, {3, 5, 4, 4}},
      {"doubling two images", {Direction::kTransposed, 2, 1, 0}, {2, 3, 1, 2}, {3, 5, 4, 4}},
      {"output padding", {Direction::kTransposed, 2, 1, 1}, {1, 3, 4, 3}, {3, 16, 3, 3}},
      {"doubling in blocks", {Direction::kTransposed, 2, 1, 0}, {3, 77, 5, 3}, {77, 160, 4, 4}},
  };
  return all;
}

at::Tensor direct(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  const ConvGeometry& g) {
  if (g.direction == Direction::kForward) return at::conv2d(x, weight, bias, g.stride, g.padding);
  return at::conv_transpose2d(x, weight, bias, g.stride, g.padding, g.output_padding);
}

struct Leaves {
  at::Tensor x, weight, bias;
  std::vector<at::Tensor> all() const { return {x, weight, bias}; }
  Leaves copied(at::ScalarType type) const {
    const auto copy = [&](const at::Tensor& t) {
      return t.detach().to(type, /*non_blocking=*/false, /*copy=*/true).requires_grad_(true);
    };
    return {copy(x), copy(weight), copy(bias)};
  }
};

Leaves random_leaves(const Case& one) {
  const int64_t out = one.weight[one.geometry.direction == Direction::kForward ? 0 : 1];
  return {at::randn(one.x), at::randn(one.weight), at::randn({out})};
}

/// The result and the gradients of a fixed sum of it.
template <class Convolve>
std::vector<at::Tensor> value_and_gradients(const Convolve& convolve, const Leaves& leaves,
                                            const at::Tensor& above, const ConvGeometry& g) {
  const at::Tensor y = convolve(leaves.x, leaves.weight, leaves.bias, g);
  std::vector<at::Tensor> found =
      torch::autograd::grad({y}, leaves.all(), {above.to(y.scalar_type())});
  found.push_back(y);
  return found;
}

at::Tensor random_above(const Case& one, const Leaves& leaves) {
  return at::randn_like(direct(leaves.x, leaves.weight, leaves.bias, one.geometry));
}

TEST(MatrixConv, HasTheValuesAndGradientsOfFloat64) {
  for (const Case& one : cases()) {
    const Leaves leaves = random_leaves(one);
    const at::Tensor above = random_above(one, leaves);
    const auto found =
        value_and_gradients(matrix_conv, leaves.copied(at::kFloat), above, one.geometry);
    const auto wanted =
        value_and_gradients(direct, leaves.copied(at::kDouble), above, one.geometry);
    for (size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(found[i].sizes(), wanted[i].sizes()) << one.name << i;
      const double scale = wanted[i].abs().max().item<double>();
      EXPECT_LE(testing::max_abs_difference(found[i], wanted[i]), 1e-5 * scale) << one.name << i;
    }
  }
}

TEST(MatrixConv, GivesTheSameBytesForEveryNumberOfThreads) {
  const int threads = at::get_num_threads();
  for (const Case& one : cases()) {
    const Leaves leaves = random_leaves(one);
    const at::Tensor above = random_above(one, leaves);
    std::vector<std::vector<at::Tensor>> results;
    for (const int count : {1, 2, 3}) {
      at::set_num_threads(count);
      results.push_back(
          value_and_gradients(matrix_conv, leaves.copied(at::kFloat), above, one.geometry));
    }
    for (size_t i = 0; i < results[0].size(); ++i) {
      EXPECT_TRUE(testing::bitwise_equal(results[0][i], results[1][i])) << one.name << i;
      EXPECT_TRUE(testing::bitwise_equal(results[0][i], results[2][i])) << one.name << i;
    }
  }
  at::set_num_threads(threads);
}

TEST(MatrixConv, CanBeDifferentiatedTwice) {
  for (const Case& one : cases()) {
    const Leaves leaves = random_leaves(one);
    const auto penalty = [&](const auto& convolve) {
      const Leaves mine = leaves.copied(at::kFloat);
      const at::Tensor y = convolve(mine.x, mine.weight, mine.bias, one.geometry);
      const at::Tensor slope =
          torch::autograd::grad({y.square().sum()}, {mine.x}, {}, /*retain_graph=*/true,
                                /*create_graph=*/true)[0];
      return torch::autograd::grad({slope.square().mean()}, {mine.x, mine.weight});
    };
    const auto found = penalty(matrix_conv), expected = penalty(direct);
    for (size_t i = 0; i < expected.size(); ++i) {
      const double scale = expected[i].abs().max().item<double>();
      EXPECT_LE(testing::max_abs_difference(found[i], expected[i]), 1e-4 * scale) << one.name << i;
    }
  }
}

TEST(MatrixConv, GivesBfloat16UnderAutocastAndTheWeightItsGradientInFloat32) {
  const Case& one = cases().front();
  const Leaves leaves = random_leaves(one).copied(at::kFloat);
  const at::Tensor expected = direct(leaves.x, leaves.weight, leaves.bias, one.geometry);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const at::Tensor found =
      matrix_conv(leaves.x.to(at::kBFloat16), leaves.weight, leaves.bias, one.geometry);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_EQ(found.scalar_type(), at::kBFloat16);
  EXPECT_LE(testing::max_abs_difference(found, expected),
            2e-2 * expected.abs().max().item<double>());
  found.sum().backward();
  EXPECT_EQ(leaves.weight.grad().scalar_type(), at::kFloat);
}

TEST(MatrixConv, IsTakenWhereTheWeightOutweighsTheImage) {
  const ConvGeometry down{Direction::kForward, 2, 1, 0};
  const at::Tensor large = at::zeros({512, 512, 4, 4}), small = at::zeros({32, 32, 4, 4});
  EXPECT_TRUE(matrix_conv_fits(at::zeros({1, 512, 16, 16}), large, down));
  EXPECT_FALSE(matrix_conv_fits(at::zeros({1, 512, 32, 32}), large, down));
  EXPECT_FALSE(matrix_conv_fits(at::zeros({2, 512, 16, 16}), large, down));
  EXPECT_FALSE(matrix_conv_fits(at::zeros({1, 32, 4, 4}), small, down));
  EXPECT_FALSE(
      matrix_conv_fits(at::zeros({1, 512, 4, 4}, at::kDouble), large.to(at::kDouble), down));
  EXPECT_FALSE(matrix_conv_fits(at::zeros({1, 512, 4, 4}, at::kBFloat16), large, down));
  EXPECT_FALSE(matrix_conv_fits(at::zeros({1, 512, 4, 4}),
                                large.contiguous(at::MemoryFormat::ChannelsLast), down));
}

TEST(MatrixConv, ModulesGiveTheSameEitherWay) {
  torch::nn::Conv2dOptions down(512, 512, 4);
  LeanConv2d conv(down.stride(2).padding(1));
  torch::nn::ConvTranspose2dOptions up(512, 512, 4);
  LeanConvTranspose2d transposed(up.stride(2).padding(1));
  const at::Tensor x = at::randn({1, 512, 4, 4});
  EXPECT_LE(testing::max_abs_difference(conv.forward(x), at::conv2d(x, conv.weight, conv.bias,
                                                                    /*stride=*/2, /*padding=*/1)),
            1e-4);
  EXPECT_LE(
      testing::max_abs_difference(
          transposed.forward(x), at::conv_transpose2d(x, transposed.weight, transposed.bias, 2, 1)),
      1e-4);
}

}  // namespace
}  // namespace solstice
