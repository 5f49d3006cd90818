#pragma once

#include <filesystem>

namespace solstice::testing {

/// Writes a `pointwise` model (a bare state dict, .safetensors) that gives back every pixel it is
/// given: relu(x) - relu(-x) = x, exact in float32, so a run of the binary shows what everything
/// around the network does to an image. Returns `path`.
std::filesystem::path make_identity_model(const std::filesystem::path& path);

/// Writes a `pointwise` model from lightness to colours (bare, 1 channel to 2): bright pixels get a
/// strong red, dark ones a strong blue, far outside of what sRGB shows. Returns `path`.
std::filesystem::path make_colour_model(const std::filesystem::path& path);

}  // namespace solstice::testing
