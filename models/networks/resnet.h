#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "models/networks/networks.h"

namespace solstice {

/// ResNet generator (Johnson et al. 2016, as in CycleGAN, Zhu et al. 2017): a 7x7 convolution, two
/// halvings, n residual blocks at 4 x ngf, two doublings, a 7x7 convolution; reflection padding.
/// (N, input_nc, H, W) in [-1, 1], sides multiples of 4 and at least 8, to (N, output_nc, H, W) in
/// [-1, 1]. Kinds resnet_1blocks to resnet_99blocks.
bool matches_resnet(std::string_view kind);
std::shared_ptr<ImageModule> make_resnet(const GeneratorOptions& options);
int64_t resnet_size_multiple(const GeneratorOptions& options);
bool infer_resnet(const TensorList& tensors, GeneratorOptions& options);
int64_t resnet_bytes_per_pixel(const GeneratorOptions& options);
bool is_resnet_encoder(const GeneratorOptions& options, std::string_view parameter);
std::vector<LayerNode> resnet_graph(const TensorList& state, const GeneratorOptions& options);

}  // namespace solstice
