#pragma once

#include <string_view>

#include "weights/weights.h"

namespace solstice {

/// What torch.save wrote before PyTorch 1.6: five pickles back to back (magic, protocol, system,
/// object, storage keys), then per key an int64 count and the raw elements.

/// True for any binary pickle, so that a foreign one gets an error that says what it is.
bool is_torch_legacy(std::string_view bytes);

/// Throws Error(kWeights) without a file name.
WeightFile read_torch_legacy(std::string_view bytes);

}  // namespace solstice
