#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "models/networks/networks.h"

namespace solstice {

/// EDSR (Lim et al. 2017): residual blocks of two 3x3 convolutions without normalisation at the
/// input's resolution, then pixel shuffle. `edsr_16blocks` with ngf 64 is the published baseline.
/// (N, 3, H, W) in [-1, 1] to (N, 3, scale H, scale W), about [-1, 1]; sides of any length; scale
/// 1, 2, 3, 4 or 8. Names, mean shift and the range of 255 inside are those of the published code
/// (EDSR-PyTorch), so its files are read as they are. A block's result is added to its input, and
/// taken by 0.1 before where ngf is 256 or more: the published large network (32 blocks of 256)
/// is so, the baseline is not, and no tensor tells. Beyond the published code, a new network
/// enlarges bilinearly.
bool matches_edsr(std::string_view kind);
std::shared_ptr<ImageModule> make_edsr(const GeneratorOptions& options);
int64_t edsr_size_multiple(const GeneratorOptions& options);
bool infer_edsr(const TensorList& tensors, GeneratorOptions& options);
int64_t edsr_bytes_per_pixel(const GeneratorOptions& options);
bool is_edsr_encoder(const GeneratorOptions& options, std::string_view parameter);
std::vector<LayerNode> edsr_graph(const TensorList& state, const GeneratorOptions& options);

/// Adds the means that published code keeps out of its files (BasicSR), or in a tensor `mean` of
/// three shares of the range, as the constant layers that EDSR-PyTorch's files have.
void add_edsr_means(TensorList& tensors);

}  // namespace solstice
