#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "models/batch.h"
#include "models/trainers/trainer.h"

namespace solstice {

/// The batch on a device. For an accelerator its tensors pass through pinned memory, from which a
/// copy does not make the host wait; on the CPU they are the same tensors.
Batch to_device(const Batch& batch, at::Device device);

/// The values of named scalars, in their order, for one wait of the host however many they are.
std::vector<std::pair<std::string, double>> read_scalars(const NamedScalars& scalars);

}  // namespace solstice
