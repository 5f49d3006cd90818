#pragma once

#include <ATen/core/Tensor.h>

#include "models/trainers/trainer.h"

namespace solstice {

/// A running average of what a trainer exports (Karras et al. 2018: average <- decay x average +
/// (1 - decay) x weights after every step; running statistics are copied). Smoother than any single
/// step's weights, and what is saved as the model, sampled and validated when it is on.
class GeneratorAverage {
 public:
  /// `decay` in (0, 1). Begins as a copy of the weights.
  GeneratorAverage(Trainer& trainer, double decay);

  /// After a step; `undone` (a scalar on the device) not 0 leaves the average as it was.
  void update(const at::Tensor& undone);

  /// Averages and weights change places, without a copy.
  void swap();

  /// "G_A.model.1.weight" and so on, for a checkpoint.
  TensorList state() const;

  /// Throws Error(kWeights) when a tensor is missing or has another shape.
  void load_state(const TensorList& tensors, const std::string& label);

 private:
  double decay_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> weights_;
  std::vector<at::Tensor> averages_;
};

/// While it lives, the trainer's networks hold the averages. Without an average nothing happens.
class AverageInPlace {
 public:
  explicit AverageInPlace(GeneratorAverage* average) : average_(average) {
    if (average_ != nullptr) average_->swap();
  }
  ~AverageInPlace() {
    if (average_ != nullptr) average_->swap();
  }
  AverageInPlace(const AverageInPlace&) = delete;
  AverageInPlace& operator=(const AverageInPlace&) = delete;

 private:
  GeneratorAverage* average_;
};

}  // namespace solstice
