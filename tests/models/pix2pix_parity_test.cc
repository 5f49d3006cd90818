// Ten steps of pix2pix beside the same ten of the Python reference.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "closeness.h"
#include "reference_run.h"

namespace solstice {
namespace {

using Json = nlohmann::json;

/// Twice the worst distance from float64 of the nine float32 runs in the fixture's meta.json
/// (`spread`): two float32 runs may lie on either side. The ten steps move the weights by 1.7e-2
/// (G) and 4.5e-2 (D).
const std::map<std::string, double> kFinalRms{{"G", 1.2e-4}, {"D", 3.5e-5}};

class Pix2pixParity : public testing::ReferenceRun {
 protected:
  Pix2pixParity() : ReferenceRun("train_pix2pix") {}

  void SetUp() override {
    SKIP_WITHOUT_SHARED_DATA("parity/train_pix2pix");
    TrainerOptions options;
    options.generator = {.kind = "unet_128", .ngf = 8, .dropout = false};
    options.discriminator = {.kind = "basic", .ndf = 8};
    begin(options);
  }
};

TEST_F(Pix2pixParity, GradientsOfTheFirstStepAreTheReferences) {
  step(0);
  for (const NamedNetwork& named : trainer_->networks()) {
    const TensorList expected = read("step1_grad_" + named.name);
    auto parameters = named.network->named_parameters();
    ASSERT_EQ(parameters.size(), expected.size());
    for (const auto& [name, gradient] : expected) {
      const at::Tensor found = parameters[name].grad();
      const double error = (found - gradient).norm().item<double>();
      EXPECT_LE(error, 1e-3 * gradient.norm().item<double>()) << named.name << " " << name;
    }
  }
}

TEST_F(Pix2pixParity, LossesAndWeightsFollowTheReference) {
  const Json steps = read_json("losses.json")["steps"];
  const Json tolerances = read_json("meta.json")["suggested_loss_rel_tolerance_per_step"];
  for (int i = 0; i < kSteps; ++i) {
    for (const auto& [name, value] : step(i).losses) {
      const double expected = steps[i][name];
      const double tolerance = tolerances[i].get<double>() * std::abs(expected);
      EXPECT_NEAR(value.item<double>(), expected, tolerance) << name << " in step " << i + 1;
    }
  }
  for (const NamedNetwork& named : trainer_->networks()) {
    double squares = 0;
    int64_t count = 0;
    const TensorList expected = read("final_" + named.name);
    const TensorList found = state_of(*named.network);
    ASSERT_EQ(found.size(), expected.size());
    const std::map<std::string, at::Tensor> wanted(expected.begin(), expected.end());
    for (const auto& [name, tensor] : found) {
      if (!tensor.is_floating_point()) {
        EXPECT_TRUE(tensor.equal(wanted.at(name))) << name;
        continue;
      }
      const double rms = testing::rms_difference(tensor, wanted.at(name));
      squares += rms * rms * static_cast<double>(tensor.numel());
      count += tensor.numel();
    }
    const double rms = std::sqrt(squares / static_cast<double>(count));
    RecordProperty("final_rms_" + named.name, std::to_string(rms));
    EXPECT_LE(rms, kFinalRms.at(named.name)) << named.name;
  }
}

}  // namespace
}  // namespace solstice
