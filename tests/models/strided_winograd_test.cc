#include "models/networks/strided_winograd.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace solstice {
namespace {

ConvGeometry twice(Direction direction) { return {direction, 2, 1, 0}; }

struct Case {
  Direction direction;
  std::vector<int64_t> in;  ///< channels of each input
  int64_t out, height, width;
};

/// Tiles that do and do not divide, several blocks, a weight too large for each thread to have it,
/// sides down to the smallest.
const std::vector<Case> kCases{
    {Direction::kForward, {32}, 48, 24, 36},   {Direction::kForward, {64}, 128, 14, 250},
    {Direction::kForward, {32}, 32, 2, 2},     {Direction::kForward, {32}, 32, 9, 7},
    {Direction::kTransposed, {48}, 32, 9, 17}, {Direction::kTransposed, {32, 64}, 32, 30, 41},
    {Direction::kTransposed, {32}, 32, 1, 1},  {Direction::kTransposed, {128, 128}, 64, 5, 130},
};

struct Made {
  explicit Made(const Case& c) {
    at::manual_seed(3);
    int64_t channels = 0;
    for (const int64_t in : c.in) {
      inputs.push_back(
          at::randn({1, in, c.height, c.width}).contiguous(at::MemoryFormat::ChannelsLast));
      channels += in;
    }
    const bool halves = c.direction == Direction::kForward;
    weight = at::randn({halves ? c.out : channels, halves ? channels : c.out, 4, 4});
    bias = at::randn({c.out});
    const at::Tensor x = at::cat(inputs, 1).to(at::kDouble);
    const at::Tensor seen = at::leaky_relu(x, 0.5), w = weight.to(at::kDouble),
                     b = bias.to(at::kDouble);
    expected = at::leaky_relu(
        halves ? at::conv2d(seen, w, b, 2, 1) : at::conv_transpose2d(seen, w, b, 2, 1), 0.25);
  }
  std::vector<at::Tensor> inputs;
  at::Tensor weight, bias, expected;
};

constexpr StridedWinograd::Slopes kSlopes{0.5, 0.25};

/// Rounding of sums of some thousand products of about 1.
constexpr double kRounding = 5e-4;

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b).abs().max().item<double>();
}

TEST(StridedWinograd, EqualsTheConvolutionOfInputsSideBySide) {
  for (const Case& c : kCases) {
    const Made made(c);
    const StridedWinograd conv(made.weight, made.bias, c.direction);
    const at::Tensor y = conv.run(made.inputs, {c.height, 0, 0, made.expected.size(2)}, kSlopes);
    ASSERT_EQ(y.sizes(), made.expected.sizes());
    EXPECT_LT(largest_difference(y, made.expected), kRounding) << c.height << " x " << c.width;
  }
}

TEST(StridedWinograd, MakesAnyRowsFromTheRowsTheyNeedAndNoOthers) {
  for (const Case& c : kCases) {
    const Made made(c);
    const StridedWinograd conv(made.weight, made.bias, c.direction);
    const int64_t rows = made.expected.size(2);
    for (int64_t first = 0; first < rows; ++first) {
      for (const int64_t count : {int64_t{1}, int64_t{4}, rows - first}) {
        if (first + count > rows) continue;
        const bool halves = c.direction == Direction::kForward;
        const int64_t low = std::max<int64_t>(0, halves ? 2 * first - 1 : (first - 1) / 2);
        const int64_t end =
            std::min(c.height, halves ? 2 * (first + count) + 1 : (first + count) / 2 + 1);
        std::vector<at::Tensor> held;
        for (const at::Tensor& input : made.inputs) held.push_back(input.narrow(2, low, end - low));
        const at::Tensor y = conv.run(held, {c.height, low, first, count}, kSlopes);
        ASSERT_LT(largest_difference(y, made.expected.narrow(2, first, count)), kRounding)
            << "rows " << first << " to " << first + count << " of " << rows;
      }
    }
  }
}

TEST(StridedWinograd, GivesTheSameBytesOnAnyNumberOfThreads) {
  const Made made({Direction::kTransposed, {128, 128}, 64, 20, 60});
  const StridedWinograd conv(made.weight, made.bias, Direction::kTransposed);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor alone = conv.run(made.inputs, {20, 0, 0, 40}, kSlopes);
  at::set_num_threads(4);
  const at::Tensor together = conv.run(made.inputs, {20, 0, 0, 40}, kSlopes);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(alone, together));
}

TEST(StridedWinograd, IsForTheLayersOfAUnetWhoseWeightsServeManyPixels) {
  const ConvGeometry down = twice(Direction::kForward);
  EXPECT_TRUE(StridedWinograd::fits(at::zeros({128, 64, 4, 4}), down));
  EXPECT_TRUE(StridedWinograd::fits(at::zeros({512, 128, 4, 4}), twice(Direction::kTransposed)));
  EXPECT_FALSE(StridedWinograd::fits(at::zeros({1024, 512, 4, 4}), twice(Direction::kTransposed)));
  EXPECT_FALSE(StridedWinograd::fits(at::zeros({64, 3, 4, 4}), down));  // reads a picture
  EXPECT_FALSE(StridedWinograd::fits(at::zeros({64, 64, 3, 3}), down));
  EXPECT_FALSE(StridedWinograd::fits(at::zeros({64, 64, 4, 4}), {Direction::kForward, 1, 1, 0}));
  EXPECT_TRUE(StridedWinograd::pays(at::zeros({128, 64, 4, 4}), 4, 4));
  EXPECT_FALSE(StridedWinograd::pays(at::zeros({512, 256, 4, 4}), 16, 16));
  EXPECT_TRUE(StridedWinograd::pays(at::zeros({512, 256, 4, 4}), 64, 64));
}

}  // namespace
}  // namespace solstice
