#pragma once

#include <string>

namespace solstice {

/// Reads the weights in `in` (any known format) and writes them to `out` in the format of its
/// extension, bit-exact; equal input gives equal bytes. Metadata is kept where the target has a
/// place for it (.safetensors). Of a file with both directions of a CycleGAN, an `out` whose name
/// ends in G_A or G_B gets that network alone, without its prefix. Returns one line that says what
/// was read, written and left out. Throws Error(kWeights) or Error(kOutput). No LibTorch type in
/// sight, for rooms without it.
std::string convert_weights(const std::string& in, const std::string& out);

}  // namespace solstice
