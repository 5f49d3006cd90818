// Ten steps of CycleGAN beside the same ten of the Python reference.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "closeness.h"
#include "models/networks/image_module.h"
#include "models/trainers/trainer.h"
#include "support/npy.h"
#include "support/shared_data.h"
#include "weights/weights.h"

namespace solstice {
namespace {

using testing::load_npy;
using testing::shared_data;
using Json = nlohmann::json;

constexpr int kSteps = 10;

class CycleganParity : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_SHARED_DATA("parity/train_cyclegan");
    TrainerOptions options;
    options.kind = "cyclegan";
    options.gan_mode = GanMode::kLsgan;
    options.generator = {
        .kind = "resnet_6blocks", .ngf = 8, .norm = Norm::kInstance, .dropout = false};
    options.discriminator = {.kind = "basic", .ndf = 8};
    options.pool_size = 0;
    trainer_ = make_trainer(options);
    for (const NamedNetwork& named : trainer_->networks()) {
      load_state(*named.network, read("init_" + named.name), named.name);
    }
    inputs_ = load_npy(folder_ / "real_A.npy").to(at::kFloat) / 127.5 - 1.0;
    targets_ = load_npy(folder_ / "real_B.npy").to(at::kFloat) / 127.5 - 1.0;
    meta_ = read_json("meta.json");
  }

  TensorList read(const std::string& name) const {
    return load_weights((folder_ / (name + ".safetensors")).string()).tensors;
  }

  Json read_json(const char* name) const { return Json::parse(std::ifstream(folder_ / name)); }

  StepReport step(int i) {
    return trainer_->step(Batch{.input = inputs_.select(0, i), .target = targets_.select(0, i)});
  }

  /// Biases before an instance norm: their gradient is rounding noise.
  bool is_noise(const std::string& network, const std::string& tensor) const {
    const auto& names = meta_["tensors_with_zero_true_gradient"][network];
    return std::find(names.begin(), names.end(), tensor) != names.end();
  }

  std::filesystem::path folder_ = shared_data() / "parity/train_cyclegan";
  Json meta_;
  std::unique_ptr<Trainer> trainer_;
  at::Tensor inputs_, targets_;
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
