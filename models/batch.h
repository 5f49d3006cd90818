#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace solstice {

/// How the images of a sample belong together.
enum class Pairing {
  kPaired,    ///< input and target show the same thing, pixel on pixel
  kUnpaired,  ///< one of domain A, one of domain B, nothing else in common
};

/// What one training step eats.
struct Batch {
  at::Tensor input;   ///< domain A: (N, C, H, W) float32 in [-1, 1]
  at::Tensor target;  ///< domain B: likewise
  Pairing pairing = Pairing::kPaired;
  /// N names of the inputs' files, for messages and sample grids.
  std::vector<std::string> names = {};
};

}  // namespace solstice
