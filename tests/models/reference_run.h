#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "models/networks/image_module.h"
#include "models/trainers/trainer.h"
#include "support/npy.h"
#include "support/shared_data.h"
#include "weights/weights.h"

namespace solstice::testing {

/// Ten training steps of the Python reference, as one folder of its fixtures holds them, and a
/// trainer of ours that begins with the same weights.
class ReferenceRun : public ::testing::Test {
 protected:
  static constexpr int kSteps = 10;

  explicit ReferenceRun(const std::string& name) : folder_(shared_data() / "parity" / name) {}

  void begin(const TrainerOptions& options) {
    trainer_ = make_trainer(options);
    for (const NamedNetwork& named : trainer_->networks()) {
      load_state(*named.network, read("init_" + named.name), named.name);
    }
    inputs_ = load_npy(folder_ / "real_A.npy").to(at::kFloat) / 127.5 - 1.0;
    targets_ = load_npy(folder_ / "real_B.npy").to(at::kFloat) / 127.5 - 1.0;
  }

  TensorList read(const std::string& name) const {
    return load_weights((folder_ / (name + ".safetensors")).string()).tensors;
  }

  nlohmann::json read_json(const char* name) const {
    return nlohmann::json::parse(std::ifstream(folder_ / name));
  }

  StepReport step(int i) {
    return trainer_->step(Batch{.input = inputs_.select(0, i), .target = targets_.select(0, i)});
  }

  std::filesystem::path folder_;
  std::unique_ptr<Trainer> trainer_;
  at::Tensor inputs_, targets_;
};

}  // namespace solstice::testing
