#include "models/networks/matrix_conv.h"

#include <ATen/ATen.h>
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
      {"odd sides", {Direction::kForward, 1, 0, 0}, {2, 3, 5, 7}, {4, 3, 3, 3}},
      {"doubling", {Direction::kTransposed, 2, 1, 0}, {1, 3, 4, 3}, {3, 5, 4, 4}},
      {"doubling two images", {Direction::kTransposed, 2, 1, 0}, {2, 3, 1, 2}, {3, 5, 4, 4}},
      {"output padding", {Direction::kTransposed, 2, 1, 1}, {1, 3, 4, 3}, {3, 5, 3, 3}},
  };
  return all;
}

at::Tensor direct(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  const ConvGeometry& g) {
  if (g.direction == Direction::kForward) return at::conv2d(x, weight, bias, g.stride, g.padding);
  return at::conv_transpose2d(x, weight, bias, g.stride, g.padding, g.output_padding);
}

TEST(MatrixConv, HasTheValuesAndGradientsOfTheConvolution) {
  for (const Case& one : cases()) {
    const at::Tensor x = at::randn(one.x, at::kDouble).requires_grad_(true);
    const at::Tensor weight = at::randn(one.weight, at::kDouble).requires_grad_(true);
    const int64_t out = one.weight[one.geometry.direction == Direction::kForward ? 0 : 1];
    const at::Tensor bias = at::randn({out}, at::kDouble).requires_grad_(true);
    const at::Tensor found = matrix_conv(x, weight, bias, one.geometry);
    const at::Tensor expected = direct(x, weight, bias, one.geometry);
    ASSERT_EQ(found.sizes(), expected.sizes()) << one.name;
    EXPECT_LE(testing::max_abs_difference(found, expected), 1e-12) << one.name;
    const at::Tensor above = at::randn_like(expected);
    const auto gradients = torch::autograd::grad({found}, {x, weight, bias}, {above});
    const auto wanted = torch::autograd::grad({expected}, {x, weight, bias}, {above});
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_LE(testing::max_abs_difference(gradients[i], wanted[i]), 1e-12) << one.name << i;
    }
  }
}

TEST(MatrixConv, IsTakenWhereTheWeightOutweighsTheImage) {
  const ConvGeometry down{Direction::kForward, 2, 1, 0};
  const at::Tensor large = at::zeros({512, 512, 4, 4}), small = at::zeros({32, 32, 4, 4});
  EXPECT_TRUE(matrix_conv_fits(at::zeros({1, 512, 16, 16}), large, down));
  EXPECT_FALSE(matrix_conv_fits(at::zeros({1, 512, 32, 32}), large, down));
  EXPECT_FALSE(matrix_conv_fits(at::zeros({2, 512, 16, 16}), large, down));
  EXPECT_FALSE(matrix_conv_fits(at::zeros({1, 32, 4, 4}), small, down));
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
