#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "models/networks/networks.h"

namespace solstice {

/// U-Net generator (Ronneberger et al. 2015, as in pix2pix, Isola et al. 2017). `unet_256` has
/// log2(256) = 8 levels, each halving both sides, so that a 256x256 image is one pixel at the
/// bottleneck; kinds unet_4 to unet_1024. Filters double per level up to 8 x ngf. (N, input_nc, H,
/// W) in [-1, 1], sides multiples of the kind's number, to (N, output_nc, H, W) in [-1, 1].
bool matches_unet(std::string_view kind);
std::shared_ptr<ImageModule> make_unet(const GeneratorOptions& options);
int64_t unet_size_multiple(const GeneratorOptions& options);
bool infer_unet(const TensorList& tensors, GeneratorOptions& options);
int64_t unet_bytes_per_pixel(const GeneratorOptions& options);
bool is_unet_encoder(const GeneratorOptions& options, std::string_view parameter);
std::vector<LayerNode> unet_graph(const TensorList& state, const GeneratorOptions& options);

}  // namespace solstice
