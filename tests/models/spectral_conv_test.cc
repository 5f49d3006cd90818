#include "models/networks/spectral_conv.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "closeness.h"
#include "models/networks/networks.h"

namespace solstice {
namespace {

TEST(SpectralConv, DividesByTheLargestSingularValue) {
  at::manual_seed(1);
  SpectralConv conv(3, 8, {4, 2, 1}, true);
  const at::Tensor x = at::randn({1, 3, 16, 16});
  for (int i = 0; i < 200; ++i) conv.forward(x);
  const at::Tensor sigma = std::get<1>(at::svd(conv.weight.detach().flatten(1)))[0];
  const at::Tensor expected = at::conv2d(x, conv.weight.detach() / sigma, conv.bias.detach(), 2, 1);
  EXPECT_LE(testing::max_abs_difference(conv.forward(x), expected), 1e-5);
}

TEST(SpectralConv, ChangesNothingInEvaluation) {
  SpectralConv conv(3, 4, {3, 1, 1}, false);
  conv.eval();
  const at::Tensor before = conv.buffers()[0].clone();
  const at::Tensor x = at::randn({1, 3, 8, 8});
  const at::Tensor first = conv.forward(x);
  EXPECT_TRUE(testing::bitwise_equal(conv.forward(x), first));
  EXPECT_TRUE(testing::bitwise_equal(conv.buffers()[0], before));
}

TEST(SpectralConv, HasGradientsThroughTheSingularValue) {
  at::manual_seed(2);
  SpectralConv conv(2, 3, {3, 1, 1}, false);
  conv.eval();  // no power iteration: the function whose gradient is tested stands still
  conv.to(at::kDouble);
  const at::Tensor x = at::randn({1, 2, 5, 5}, at::kDouble);
  const auto loss = [&] { return conv.forward(x).square().sum(); };
  loss().backward();
  const at::Tensor gradient = conv.weight.grad().clone();
  const at::NoGradGuard no_grad;
  at::Tensor value = conv.weight.view({-1})[7];
  const double step = 1e-6;
  value.add_(step);
  const double above = loss().item<double>();
  value.sub_(2 * step);
  const double below = loss().item<double>();
  EXPECT_NEAR(gradient.flatten()[7].item<double>(), (above - below) / (2 * step), 1e-5);
}

TEST(Discriminators, BoundTheirSlopeWithSpectralNorm) {
  for (const DiscriminatorRow& row : discriminator_table()) {
    DiscriminatorOptions options{.kind = std::string(row.name),
                                 .input_nc = 3,
                                 .ndf = 4,
                                 .n_layers = 2,
                                 .spectral_norm = true,
                                 .norm = Norm::kInstance};
    const auto network = make_discriminator(options);
    initialize(*network, {});
    size_t scaled = 0;
    for (const auto& [name, tensor] : state_of(*network)) scaled += name.ends_with("weight_orig");
    EXPECT_GE(scaled, 3U) << row.name;
    network->forward(at::randn({1, 3, 64, 64})).mean().backward();
    for (const auto& item : network->named_parameters()) {
      EXPECT_TRUE(item.value().grad().defined()) << row.name << " " << item.key();
    }
  }
}

}  // namespace
}  // namespace solstice
