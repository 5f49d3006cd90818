#pragma once

#include <ATen/core/Tensor.h>

#include "models/trainers/precision.h"

namespace solstice {

/// While it lives, this thread's operations on a device run in the given precision where LibTorch
/// deems that safe (its autocast). Weights are cast once per outermost scope, so a scope should
/// span all forward passes of a step and end before the weights change. Fp32 does nothing.
class Autocast {
 public:
  Autocast(Precision precision, at::DeviceType device);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool active_;
  at::DeviceType device_;
  bool was_enabled_ = false;
  at::ScalarType was_dtype_ = at::kFloat;
};

}  // namespace solstice
