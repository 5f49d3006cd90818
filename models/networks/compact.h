#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "models/networks/networks.h"

namespace solstice {

/// Real-ESRGAN's compact network (SRVGGNetCompact, Wang et al. 2021): 3x3 convolutions and PReLU at
/// the input's resolution, then one pixel shuffle, and the image itself enlarged by nearest
/// neighbour. `compact_16convs` with ngf 64 and scale 4 is realesr-animevideov3, 32 the general
/// one. (N, C, H, W) in [-1, 1] to (N, C, scale H, scale W), about [-1, 1]; sides of any length;
/// scale 1 to 4. Names, and the range [0, 1] inside, are those of the published code.
bool matches_compact(std::string_view kind);
std::shared_ptr<ImageModule> make_compact(const GeneratorOptions& options);
int64_t compact_size_multiple(const GeneratorOptions& options);
bool infer_compact(const TensorList& tensors, GeneratorOptions& options);
int64_t compact_bytes_per_pixel(const GeneratorOptions& options);
bool is_compact_encoder(const GeneratorOptions& options, std::string_view parameter);
std::vector<LayerNode> compact_graph(const TensorList& state, const GeneratorOptions& options);

}  // namespace solstice
