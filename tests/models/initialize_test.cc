#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>

#include <map>

#include "closeness.h"
#include "models/networks/image_module.h"
#include "models/networks/networks.h"
#include "support/shared_data.h"
#include "weights/weights.h"

namespace solstice {
namespace {

std::map<std::string, at::Tensor> drawn(const GeneratorOptions& options, const InitOptions& init) {
  at::manual_seed(7);
  const auto network = make_generator(options);
  initialize(*network, init);
  const TensorList state = state_of(*network);
  return {state.begin(), state.end()};
}

double deviation(const at::Tensor& weight) { return weight.detach().std().item<double>(); }

const GeneratorOptions kUnet{.kind = "unet_16", .ngf = 32};

TEST(Initialize, NormalHasTheGainAsDeviation) {
  const auto state = drawn(kUnet, {.type = InitType::kNormal, .gain = 0.1});
  EXPECT_NEAR(deviation(state.at("model.model.1.model.1.weight")), 0.1, 0.003);
  EXPECT_NEAR(deviation(state.at("model.model.3.weight")), 0.1, 0.005);
  const at::Tensor norm = state.at("model.model.1.model.2.weight").detach();
  EXPECT_NEAR(norm.mean().item<double>(), 1, 0.06);
  EXPECT_NEAR(deviation(norm), 0.1, 0.04);
  EXPECT_EQ(state.at("model.model.1.model.2.bias").abs().max().item<double>(), 0);
  EXPECT_EQ(state.at("model.model.3.bias").abs().max().item<double>(), 0);
}

TEST(Initialize, XavierAndKaimingHaveTheirDeviations) {
  // 64 filters out, 32 in, 4x4: fan out 1024, fan in 512.
  const std::string name = "model.model.1.model.1.weight";
  EXPECT_NEAR(deviation(drawn(kUnet, {.type = InitType::kXavier, .gain = 0.5}).at(name)),
              0.5 * std::sqrt(2.0 / (1024 + 512)), 5e-4);
  EXPECT_NEAR(deviation(drawn(kUnet, {.type = InitType::kKaiming, .gain = 0.5}).at(name)),
              std::sqrt(2.0 / 512), 1e-3);
}

TEST(Initialize, OrthogonalRowsAreOrthogonalAndAsLongAsTheGain) {
  const auto state = drawn(kUnet, {.type = InitType::kOrthogonal, .gain = 0.5});
  const at::Tensor rows = state.at("model.model.1.model.1.weight").detach().flatten(1);
  EXPECT_LE(testing::max_abs_difference(rows.matmul(rows.t()), 0.25 * at::eye(64)), 1e-6);
}

TEST(Initialize, SameSeedDrawsTheSame) {
  const auto first = drawn(kUnet, {}), second = drawn(kUnet, {});
  for (const auto& [name, tensor] : first) {
    EXPECT_TRUE(testing::bitwise_equal(tensor, second.at(name))) << name;
  }
}

}  // namespace
}  // namespace solstice
