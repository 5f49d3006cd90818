#include "models/objectives/gan_loss.h"

#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "closeness.h"
#include "models/objectives/gradient_penalty.h"
#include "support/npy.h"
#include "support/shared_data.h"

namespace solstice {
namespace {

using testing::load_npy;
using testing::shared_data;

TEST(GanLoss, HasTheTextbookValues) {
  const at::Tensor prediction = at::full({1, 1, 2, 2}, 0.5);
  const auto value = [&](GanMode mode, Target target) {
    return discriminator_loss(mode, prediction, target).item<double>();
  };
  EXPECT_NEAR(value(GanMode::kLsgan, Target::kReal), 0.25, 1e-6);
  EXPECT_NEAR(value(GanMode::kLsgan, Target::kFake), 0.25, 1e-6);
  EXPECT_NEAR(value(GanMode::kVanilla, Target::kReal), std::log(1 + std::exp(-0.5)), 1e-6);
  EXPECT_NEAR(value(GanMode::kVanilla, Target::kFake), std::log(1 + std::exp(0.5)), 1e-6);
}

TEST(GanLoss, HingeStopsAtTheMarginForTheDiscriminatorOnly) {
  const at::Tensor prediction = at::tensor({-2.0F, 0.5F, 3.0F});
  const auto value = [](const at::Tensor& loss) { return loss.item<double>(); };
  EXPECT_NEAR(value(discriminator_loss(GanMode::kHinge, prediction, Target::kReal)), 3.5 / 3, 1e-6);
  EXPECT_NEAR(value(discriminator_loss(GanMode::kHinge, prediction, Target::kFake)), 5.5 / 3, 1e-6);
  EXPECT_NEAR(value(generator_loss(GanMode::kHinge, prediction)), -0.5, 1e-6);
}

TEST(GradientPenalty, OfALinearCriticIsItsSlopesDistanceFromOne) {
  // critic(x) = sum(w x): the gradient is w whatever x is, the penalty (|w| - 1)^2.
  const at::Tensor weight = at::full({1, 3, 4, 4}, 0.5, at::kFloat).requires_grad_(true);
  const auto critic = [&](const at::Tensor& x) { return (weight * x).sum({1, 2, 3}); };
  const at::Tensor penalty =
      gradient_penalty(critic, at::randn({2, 3, 4, 4}), at::randn({2, 3, 4, 4}));
  const double norm = 0.5 * std::sqrt(48.0);
  EXPECT_NEAR(penalty.item<double>(), (norm - 1) * (norm - 1), 1e-4);
  penalty.backward();
  // d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w|
  EXPECT_NEAR(weight.grad().flatten()[0].item<double>(), 2 * (norm - 1) * 0.5 / norm, 1e-4);
}

TEST(GanLoss, ValuesAndGradientsEqualTheReferences) {
  SKIP_WITHOUT_SHARED_DATA("parity/k_gan_losses");
  const auto folder = shared_data() / "parity/k_gan_losses";
  const auto meta = nlohmann::json::parse(std::ifstream(folder / "meta.json"));
  for (const auto& [mode_name, mode] : kGanModeNames) {
    if (mode == GanMode::kHinge) continue;  // the reference has none
    for (const auto& [target_name, target] :
         {std::pair{"real", Target::kReal}, std::pair{"fake", Target::kFake}}) {
      const std::string name = std::string(mode_name) + "_" + target_name;
      at::Tensor prediction = load_npy(folder / "prediction.npy").requires_grad_(true);
      const at::Tensor loss = discriminator_loss(mode, prediction, target);
      loss.backward();
      const double expected = meta["modes"][std::string(mode_name)][target_name]["loss"];
      EXPECT_NEAR(loss.item<double>(), expected, 1e-6 * std::abs(expected)) << name;
      const at::Tensor gradient = load_npy(folder / ("grad_" + name + ".npy"));
      EXPECT_LE(testing::max_abs_difference(prediction.grad(), gradient), 1e-7) << name;
    }
  }
}

}  // namespace
}  // namespace solstice
