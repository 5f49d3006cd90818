// Ten steps of CycleGAN beside the same ten of the Python reference.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "closeness.h"
#include "reference_run.h"

namespace solstice {
namespace {

using Json = nlohmann::json;

class CycleganParity : public testing::ReferenceRun {
 protected:
  CycleganParity() : ReferenceRun("train_cyclegan") {}

  void SetUp() override {
    SKIP_WITHOUT_SHARED_DATA("parity/train_cyclegan");
    TrainerOptions options;
    options.kind = "cyclegan";
    options.gan_mode = GanMode::kLsgan;
    options.generator = {
        .kind = "resnet_6blocks", .ngf = 8, .norm = Norm::kInstance, .dropout = false};
    options.discriminator = {.kind = "basic", .ndf = 8};
    options.pool_size = 0;
    begin(options);
    meta_ = read_json("meta.json");
  }

  /// Biases before an instance norm: their gradient is rounding noise.
  bool is_noise(const std::string& network, const std::string& tensor) const {
    const auto& names = meta_["tensors_with_zero_true_gradient"][network];
    return std::find(names.begin(), names.end(), tensor) != names.end();
  }

  Json meta_;
};

TEST_F(CycleganParity, GradientsOfTheFirstStepAreTheReferencesInAllFourNetworks) {
  step(0);
  size_t compared = 0;
  for (const NamedNetwork& named : trainer_->networks()) {
    auto parameters = named.network->named_parameters();
    for (const auto& [name, gradient] : read("step1_grad_" + named.name)) {
      if (is_noise(named.name, name)) continue;
      const double error = (parameters[name].grad() - gradient).norm().item<double>();
      EXPECT_LE(error, 1e-3 * gradient.norm().item<double>()) << named.name << " " << name;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 52U);
}

TEST_F(CycleganParity, LossesFollowTheReferenceAsFarAsFloat32Allows) {
  const Json steps = read_json("losses.json")["steps"];
  const Json tolerances = meta_["suggested_loss_rel_tolerance_per_step"];
  for (int i = 0; i < kSteps; ++i) {
    const StepReport report = step(i);
    EXPECT_EQ(report.losses.size(), 8U);
    for (const auto& [name, value] : report.losses) {
      const double expected = steps[i][name];
      const double tolerance = tolerances[i].get<double>() * std::abs(expected);
      EXPECT_NEAR(value.item<double>(), expected, tolerance) << name << " in step " << i + 1;
    }
  }
}

TEST_F(CycleganParity, TenStepsMoveTheWeightsAsFarAsTheReferences) {
  std::map<std::string, TensorList> before;
  for (const NamedNetwork& named : trainer_->networks())
    before[named.name] = read("init_" + named.name);
  for (int i = 0; i < kSteps; ++i) step(i);
  for (const NamedNetwork& named : trainer_->networks()) {
    auto found = named.network->named_parameters();
    double squares = 0;
    int64_t count = 0;
    for (const auto& [name, start] : before[named.name]) {
      if (is_noise(named.name, name)) continue;
      const double rms = testing::rms_difference(found[name], start);
      squares += rms * rms * static_cast<double>(start.numel());
      count += start.numel();
    }
    const double expected = meta_["weights_change_over_10_steps"][named.name]["rms"];
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(count)), expected, 0.1 * expected)
        << named.name;
  }
}

}  // namespace
}  // namespace solstice
