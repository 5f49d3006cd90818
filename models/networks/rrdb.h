#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "models/networks/networks.h"

namespace solstice {

/// ESRGAN's generator (RRDBNet, Wang et al. 2018): residual-in-residual dense blocks at the input's
/// resolution, then twice the nearest neighbour and a convolution. `rrdb_23blocks` with ngf 64 and
/// growth 32 is ESRGAN and Real-ESRGAN's x4plus. Scales 2 and 1 first make every 2x2 or 4x4 pixels
/// the channels of one. (N, C, H, W) in [-1, 1] to (N, C, scale H, scale W), about [-1, 1]; sides
/// are multiples of 4 / scale. Names, and the range [0, 1] inside, are those of the published code
/// (BasicSR).
bool matches_rrdb(std::string_view kind);
std::shared_ptr<ImageModule> make_rrdb(const GeneratorOptions& options);
int64_t rrdb_size_multiple(const GeneratorOptions& options);
bool infer_rrdb(const TensorList& tensors, GeneratorOptions& options);
int64_t rrdb_bytes_per_pixel(const GeneratorOptions& options);
bool is_rrdb_encoder(const GeneratorOptions& options, std::string_view parameter);
std::vector<LayerNode> rrdb_graph(const TensorList& state, const GeneratorOptions& options);

}  // namespace solstice
