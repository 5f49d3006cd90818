#pragma once

#include <string>
#include <string_view>

#include "weights/weights.h"

namespace solstice {

/// The zip container that torch.save writes since PyTorch 1.6: `TOP/data.pkl`, `TOP/data/KEY`.

bool is_torch_zip(std::string_view bytes);

/// Throws Error(kWeights) without a file name.
WeightFile read_torch_zip(std::string_view bytes);

/// What Python's torch.load(weights_only=True) reads as an OrderedDict of tensors. The metadata has
/// no place there and is not written.
std::string write_torch_zip(const WeightFile& weights);

}  // namespace solstice
