#include "models/networks/fused_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/instance_norm.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "closeness.h"

namespace solstice {
namespace {

at::Tensor channels_last(const at::Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor plain(const at::Tensor& x, double slope, const at::Tensor& residual) {
  const at::Tensor normed = at::instance_norm(x, {}, {}, {}, {}, /*use_input_stats=*/true,
                                              /*momentum=*/0, kNormEps, /*cudnn_enabled=*/true);
  const at::Tensor y = at::leaky_relu(normed, slope);
  return residual.defined() ? y + residual : y;
}

/// Output and gradients of all inputs in this type.
template <class Norm>
std::vector<at::Tensor> norm_outcome(const Norm& norm, const std::vector<at::Tensor>& leaves,
                                     const at::Tensor& above, at::ScalarType type) {
  std::vector<at::Tensor> inputs;
  for (const at::Tensor& leaf : leaves) {
    inputs.push_back(leaf.detach().to(type).requires_grad_(true));
  }
  std::vector<at::Tensor> found{norm(inputs)};
  for (const at::Tensor& gradient : torch::autograd::grad(found, inputs, {above.to(type)})) {
    found.push_back(gradient);
  }
  return found;
}

void expect_close(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected,
                  double tolerance, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_LE(testing::max_abs_difference(found[i], expected[i]), tolerance) << what << ", " << i;
  }
}

TEST(FusedNorm, EqualsThePlainCompositionWithItsGradients) {
  for (const double slope : {kNoActivation, kReluSlope, kLeakySlope}) {
    for (const std::vector<int64_t>& shape :
         {std::vector<int64_t>{2, 37, 9, 13}, {1, 1, 5, 3}, {1, 300, 33, 40}}) {
      const at::Tensor x = channels_last(at::randn(shape) * 3 + 1);
      const at::Tensor residual = channels_last(at::randn(shape)), above = at::randn(shape);
      const auto fused = [&](const auto& in) { return instance_norm_act(in[0], slope, in[1]); };
      const auto apart = [&](const auto& in) { return plain(in[0], slope, in[1]); };
      ASSERT_TRUE(fused_norm_fits(x));
      const auto expected = norm_outcome(apart, {x, residual}, above, at::kDouble);
      expect_close(norm_outcome(fused, {x, residual}, above, at::kFloat), expected, 1e-5,
                   "float32");
      const at::Tensor coarse = x.to(at::kBFloat16), coarse_above = above.to(at::kBFloat16);
      expect_close(
          norm_outcome(fused, {coarse, residual}, coarse_above, at::kBFloat16),
          norm_outcome(apart, {coarse, residual.to(at::kBFloat16)}, coarse_above, at::kDouble),
          0.03, "bfloat16");
    }
  }
}

TEST(FusedNorm, TakesAnyLayout) {
  const at::Tensor x = at::randn({2, 6, 8, 10});
  const at::Tensor expected = plain(x, kReluSlope, {});
  const at::Tensor view = at::randn({2, 6, 8, 20}).slice(3, 0, 20, 2).copy_(x);
  for (const at::Tensor& input : {x, channels_last(x), view}) {
    EXPECT_LE(testing::max_abs_difference(instance_norm_act(input, kReluSlope), expected), 1e-5);
  }
}

TEST(FusedNorm, KeepsItsPrecisionFarFromZero) {
  const at::Tensor x = channels_last(at::randn({1, 3, 40, 40}) * 0.01 + 100);
  const at::Tensor expected = plain(x.to(at::kDouble), kNoActivation, {});
  EXPECT_LE(testing::max_abs_difference(instance_norm_act(x, kNoActivation), expected), 2e-3);
}

TEST(FusedNorm, OfBatchesTrainsWeightsAndRunningStatistics) {
  const at::Tensor x = channels_last(at::randn({3, 20, 6, 7}) + 2), above = at::randn_like(x);
  const at::Tensor weight = at::randn({20}), bias = at::randn({20});
  const auto statistics = [](at::ScalarType type) {
    return std::pair(at::zeros({20}, type), at::ones({20}, type));
  };
  const auto [mean, var] = statistics(at::kFloat);
  const auto [expected_mean, expected_var] = statistics(at::kDouble);
  const auto found = norm_outcome(
      [&, mean = mean, var = var](const auto& in) {
        return batch_norm_act(in[0], {in[1], in[2], mean, var, 0.1}, kLeakySlope);
      },
      {x, weight, bias}, above, at::kFloat);
  const auto expected = norm_outcome(
      [&, mean = expected_mean, var = expected_var](const auto& in) {
        return at::leaky_relu(at::batch_norm(in[0], in[1], in[2], mean, var, /*training=*/true,
                                             /*momentum=*/0.1, kNormEps, /*cudnn_enabled=*/true),
                              kLeakySlope);
      },
      {x, weight, bias}, above, at::kDouble);
  expect_close(found, expected, 2e-5, "batch norm");
  expect_close({mean, var}, {expected_mean, expected_var}, 1e-6, "running statistics");
}

TEST(FusedNorm, GradientsOfGradientsAreThoseOfThePlainComposition) {
  const at::Tensor image = channels_last(at::randn({2, 5, 6, 7}));
  const at::Tensor residual = channels_last(at::randn({2, 5, 6, 7}));
  const at::Tensor above = at::randn({2, 5, 6, 7});
  const auto penalty = [&](const auto& norm, at::ScalarType type) {
    const at::Tensor x = image.to(type).detach().requires_grad_(true);
    const at::Tensor onto = residual.to(type).detach().requires_grad_(true);
    const at::Tensor y = norm(x, kLeakySlope, onto);
    const at::Tensor slope = torch::autograd::grad({(y * y * above.to(type)).sum()}, {x}, {},
                                                   /*retain_graph=*/true, /*create_graph=*/true)[0];
    return torch::autograd::grad({slope.square().sum()}, {x, onto});
  };
  const auto found = penalty(instance_norm_act, at::kFloat);
  expect_close(found, penalty(plain, at::kDouble), 1e-3, "second gradient");
}

TEST(FusedNorm, GivesTheSameBytesEveryTime) {
  const at::Tensor x = channels_last(at::randn({1, 64, 60, 60})), above = at::randn_like(x);
  const auto run = [&] {
    return norm_outcome([](const auto& in) { return instance_norm_act(in[0], kReluSlope); }, {x},
                        above, at::kFloat);
  };
  const auto first = run(), second = run();
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(testing::bitwise_equal(first[i], second[i])) << i;
  }
}

}  // namespace
}  // namespace solstice
