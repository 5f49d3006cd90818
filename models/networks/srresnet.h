#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "models/networks/networks.h"

namespace solstice {

/// SRResNet, the generator of SRGAN (Ledig et al. 2017): a 9x9 convolution, residual blocks with
/// norm and PReLU, pixel shuffle, a 9x9 convolution. `srresnet_16blocks` with ngf 64 and norm batch
/// is the published one; with one image a step take instance or none. (N, 3, H, W) in [-1, 1] to
/// (N, 3, scale H, scale W), which may leave it; sides of any length; scale 1, 2, 3, 4 or 8. The
/// paper's code was not published: the names are ours.
bool matches_srresnet(std::string_view kind);
std::shared_ptr<ImageModule> make_srresnet(const GeneratorOptions& options);
int64_t srresnet_size_multiple(const GeneratorOptions& options);
bool infer_srresnet(const TensorList& tensors, GeneratorOptions& options);
int64_t srresnet_bytes_per_pixel(const GeneratorOptions& options);
bool is_srresnet_encoder(const GeneratorOptions& options, std::string_view parameter);
std::vector<LayerNode> srresnet_graph(const TensorList& state, const GeneratorOptions& options);

}  // namespace solstice
