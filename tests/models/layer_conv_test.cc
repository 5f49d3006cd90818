#include "models/networks/layer_conv.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "closeness.h"

namespace solstice {
namespace {

struct ConvCase {
  ConvGeometry geometry;
  int64_t in, out, kernel, height, width;
};

at::Tensor libtorch_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         const ConvGeometry& g) {
  return at::convolution(x, weight, bias, {g.stride, g.stride}, {g.padding, g.padding}, {1, 1},
                         g.direction == Direction::kTransposed,
                         {g.output_padding, g.output_padding}, 1);
}

TEST(LayerConv, HasTheGradientsOfFloat64) {
  constexpr auto kForward = Direction::kForward, kTransposed = Direction::kTransposed;
  for (const ConvCase& c : {ConvCase{{kForward, 2, 1, 0}, 32, 20, 3, 14, 18},
                            ConvCase{{kForward, 1, 1, 0}, 16, 1, 4, 9, 7},
                            ConvCase{{kForward, 2, 1, 0}, 16, 70, 4, 12, 15},
                            ConvCase{{kForward, 1, 0, 0}, 48, 3, 7, 11, 9},
                            ConvCase{{kTransposed, 2, 1, 1}, 24, 16, 3, 6, 5},
                            ConvCase{{kTransposed, 2, 1, 0}, 8, 32, 4, 4, 7}}) {
    const bool transposed = c.geometry.direction == kTransposed;
    const at::Tensor x =
        at::randn({2, c.in, c.height, c.width}).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor weight = transposed ? at::randn({c.in, c.out, c.kernel, c.kernel})
                                         : at::randn({c.out, c.in, c.kernel, c.kernel});
    ASSERT_TRUE(weight_gradient_fits(x, weight));
    const std::vector<at::Tensor> leaves{x, weight, at::randn({c.out})};
    std::vector<at::Tensor> inputs, exact;
    for (const at::Tensor& leaf : leaves) {
      inputs.push_back(leaf.detach().requires_grad_(true));
      exact.push_back(leaf.to(at::kDouble).detach().requires_grad_(true));
    }
    const at::Tensor y = layer_conv(inputs[0], inputs[1], inputs[2], c.geometry);
    const at::Tensor expected = libtorch_conv(exact[0], exact[1], exact[2], c.geometry);
    EXPECT_LE(testing::max_abs_difference(y, expected), 1e-3);
    const at::Tensor above = at::randn_like(y);
    const auto found = torch::autograd::grad({y}, inputs, {above});
    const auto wanted = torch::autograd::grad({expected}, exact, {above.to(at::kDouble)});
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(found[i].sizes(), wanted[i].sizes());
      EXPECT_LE(testing::max_abs_difference(found[i], wanted[i]), 1e-3) << i;
    }
  }
}

TEST(LayerConv, CanBeDifferentiatedTwice) {
  const ConvGeometry geometry{Direction::kForward, 2, 1, 0};
  const at::Tensor image = at::randn({1, 16, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor kernel = at::randn({4, 16, 4, 4});
  const auto penalty = [&](const auto& convolve) {
    const at::Tensor x = image.detach().requires_grad_(true);
    const at::Tensor weight = kernel.detach().requires_grad_(true);
    const at::Tensor y = convolve(x, weight, at::Tensor(), geometry);
    const at::Tensor slope = torch::autograd::grad({y.square().sum()}, {x}, {},
                                                   /*retain_graph=*/true, /*create_graph=*/true)[0];
    return torch::autograd::grad({slope.square().mean()}, {x, weight});
  };
  const auto found = penalty(layer_conv), expected = penalty(libtorch_conv);
  for (size_t i = 0; i < expected.size(); ++i) {
    const double scale = expected[i].abs().max().item<double>();
    EXPECT_LE(testing::max_abs_difference(found[i], expected[i]), 1e-4 * scale) << i;
  }
}

TEST(LayerConv, RunsInBfloat16UnderAutocast) {
  const at::Tensor x = at::randn({1, 16, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
  for (const Direction direction : {Direction::kForward, Direction::kTransposed}) {
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, true);
    const at::Tensor y = layer_conv(x, at::randn({16, 16, 3, 3}), {}, {direction, 1, 1, 0});
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::clear_cache();
    EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  }
}

}  // namespace
}  // namespace solstice
