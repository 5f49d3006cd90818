#include "models/networks/narrow_conv.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace solstice {
namespace {

struct Case {
  int64_t in, out, kernel, height, width;
  ConvGeometry geometry;
  bool reflects;
};

/// The networks' last layers, and others: zeros beyond the border, one output, several column
/// blocks (256 pixels), a kernel of odd stride.
const std::vector<Case> kCases{
    {16, 3, 7, 20, 33, {Direction::kForward, 1, 3, 0}, true},
    {16, 3, 7, 9, 600, {Direction::kForward, 1, 3, 0}, true},
    {8, 1, 5, 40, 20, {Direction::kForward, 1, 2, 0}, false},
    {16, 3, 4, 12, 18, {Direction::kTransposed, 2, 1, 0}, false},
    {24, 4, 3, 37, 300, {Direction::kTransposed, 2, 1, 1}, false},
    {8, 2, 5, 7, 11, {Direction::kTransposed, 3, 2, 0}, false},
};

struct Made {
  explicit Made(const Case& c) {
    const bool transposed = c.geometry.direction == Direction::kTransposed;
    at::manual_seed(2);
    x = at::randn({2, c.in, c.height, c.width}).contiguous(at::MemoryFormat::ChannelsLast);
    weight = transposed ? at::randn({c.in, c.out, c.kernel, c.kernel})
                        : at::randn({c.out, c.in, c.kernel, c.kernel});
    bias = at::randn({c.out});
    const at::Tensor exact = x.to(at::kDouble), w = weight.to(at::kDouble),
                     b = bias.to(at::kDouble);
    const int64_t p = c.geometry.padding;
    expected = transposed   ? at::conv_transpose2d(exact, w, b, c.geometry.stride, p,
                                                   c.geometry.output_padding)
               : c.reflects ? at::conv2d(at::reflection_pad2d(exact, {p, p, p, p}), w, b)
                            : at::conv2d(exact, w, b, 1, p);
  }
  at::Tensor x, weight, bias, expected;
};

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b).abs().max().item<double>();
}

TEST(NarrowConv, EqualsTheConvolution) {
  for (const Case& c : kCases) {
    const Made made(c);
    ASSERT_TRUE(NarrowConv::fits(made.weight, c.geometry));
    const NarrowConv conv(made.weight, made.bias, c.geometry, c.reflects);
    const at::Tensor y = conv.run(made.x, {c.height, 0, 0, made.expected.size(2)});
    ASSERT_EQ(y.sizes(), made.expected.sizes());
    EXPECT_LT(largest_difference(y, made.expected), 1e-3) << c.kernel << " " << c.width;
  }
}

TEST(NarrowConv, MakesAnyRowsFromTheRowsTheyNeed) {
  for (const Case& c : kCases) {
    const Made made(c);
    const NarrowConv conv(made.weight, made.bias, c.geometry, c.reflects);
    const int64_t rows = made.expected.size(2);
    for (const auto& [first, count] : std::vector<std::pair<int64_t, int64_t>>{
             {0, 3}, {2, rows - 2}, {rows / 2, 1}, {rows - 4, 4}}) {
      // As many rows as could matter on either side.
      const int64_t s = c.geometry.stride, reach = 2 * c.kernel;
      const bool transposed = c.geometry.direction == Direction::kTransposed;
      const int64_t low = std::max<int64_t>(0, (transposed ? first / s : first) - reach);
      const int64_t high =
          std::min(c.height, (transposed ? (first + count) / s : first + count) + reach);
      const at::Tensor held =
          made.x.narrow(2, low, high - low).contiguous(at::MemoryFormat::ChannelsLast);
      const at::Tensor y = conv.run(held, {c.height, low, first, count});
      EXPECT_LT(largest_difference(y, made.expected.narrow(2, first, count)), 1e-3)
          << "rows from " << first;
    }
  }
}

TEST(NarrowConv, GivesTheSameBytesForEveryNumberOfThreads) {
  const int before = at::get_num_threads();
  for (const Case& c : kCases) {
    const Made made(c);
    const NarrowConv conv(made.weight, made.bias, c.geometry, c.reflects);
    const RowWindow whole{c.height, 0, 0, made.expected.size(2)};
    at::set_num_threads(1);
    const at::Tensor alone = conv.run(made.x, whole);
    for (const int threads : {2, 3}) {
      at::set_num_threads(threads);
      EXPECT_TRUE(at::equal(conv.run(made.x, whole), alone));
    }
  }
  at::set_num_threads(before);
}

TEST(NarrowConv, IsForFewOutputsOnly) {
  const ConvGeometry same{Direction::kForward, 1, 3, 0}, twice{Direction::kTransposed, 2, 1, 0};
  EXPECT_TRUE(NarrowConv::fits(at::zeros({3, 64, 7, 7}), same));
  EXPECT_FALSE(NarrowConv::fits(at::zeros({64, 64, 7, 7}), same));
  EXPECT_FALSE(NarrowConv::fits(at::zeros({3, 64, 3, 3}), same));
  EXPECT_FALSE(NarrowConv::fits(at::zeros({3, 64, 7, 7}).to(at::kBFloat16), same));
  EXPECT_TRUE(NarrowConv::fits(at::zeros({128, 3, 4, 4}), twice));
  EXPECT_FALSE(NarrowConv::fits(at::zeros({128, 64, 4, 4}), twice));
}

}  // namespace
}  // namespace solstice
