#pragma once

#include <string>
#include <string_view>

#include "weights/weights.h"

namespace solstice {

/// https://github.com/huggingface/safetensors: a u64 header length, a JSON header, one byte buffer.

bool is_safetensors(std::string_view bytes);

/// Holds a file to the rules of the reference implementation: header up to 100 MB, offsets without
/// hole or overlap, bytes equal to sizes times element, no name twice. Throws Error(kWeights)
/// without a file name.
WeightFile read_safetensors(std::string_view bytes);

/// Header names in the list's order; data by falling element size, so that all of it is aligned.
std::string write_safetensors(const WeightFile& weights);

}  // namespace solstice
