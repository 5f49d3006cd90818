#include "models/objectives/gan_loss.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "closeness.h"
#include "support/npy.h"
#include "support/shared_data.h"

namespace solstice {
namespace {

using testing::load_npy;
using testing::shared_data;

TEST(GanLoss, HasTheTextbookValues) {
  const at::Tensor prediction = at::full({1, 1, 2, 2}, 0.5);
  const auto value = [&](GanMode mode, Target target) {
    return gan_loss(mode, prediction, target).item<double>();
  };
  EXPECT_NEAR(value(GanMode::kLsgan, Target::kReal), 0.25, 1e-6);
  EXPECT_NEAR(value(GanMode::kLsgan, Target::kFake), 0.25, 1e-6);
  EXPECT_NEAR(value(GanMode::kVanilla, Target::kReal), std::log(1 + std::exp(-0.5)), 1e-6);
  EXPECT_NEAR(value(GanMode::kVanilla, Target::kFake), std::log(1 + std::exp(0.5)), 1e-6);
}

TEST(GanLoss, ValuesAndGradientsEqualTheReferences) {
  SKIP_WITHOUT_SHARED_DATA("parity/k_gan_losses");
  const auto folder = shared_data() / "parity/k_gan_losses";
  const auto meta = nlohmann::json::parse(std::ifstream(folder / "meta.json"));
  for (const auto& [mode_name, mode] : kGanModeNames) {
    for (const auto& [target_name, target] :
         {std::pair{"real", Target::kReal}, std::pair{"fake", Target::kFake}}) {
      const std::string name = std::string(mode_name) + "_" + target_name;
      at::Tensor prediction = load_npy(folder / "prediction.npy").requires_grad_(true);
      const at::Tensor loss = gan_loss(mode, prediction, target);
      loss.backward();
      const double expected = meta["modes"][std::string(mode_name)][target_name]["loss"];
      EXPECT_NEAR(loss.item<double>(), expected, 1e-6 * expected) << name;
      const at::Tensor gradient = load_npy(folder / ("grad_" + name + ".npy"));
      EXPECT_LE(testing::max_abs_difference(prediction.grad(), gradient), 1e-7) << name;
    }
  }
}

}  // namespace
}  // namespace solstice
