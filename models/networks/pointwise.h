#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "models/networks/networks.h"

namespace solstice {

/// A colour grade that is learned: every pixel alone through two 1x1 convolutions with a ReLU
/// between them, no norm, no tanh (a tone curve must reach both ends). (N, input_nc, H, W) in
/// [-1, 1] to (N, output_nc, H, W), which may leave [-1, 1] and is clamped on its way to pixels.
/// Sides of any length. The cheapest network there is: it shows what everything around it costs,
/// and weights [I, -I] then [I; -I] make it the identity, exactly.
bool matches_pointwise(std::string_view kind);
std::shared_ptr<ImageModule> make_pointwise(const GeneratorOptions& options);
int64_t pointwise_size_multiple(const GeneratorOptions& options);
bool infer_pointwise(const TensorList& tensors, GeneratorOptions& options);
int64_t pointwise_bytes_per_pixel(const GeneratorOptions& options);
bool is_pointwise_encoder(const GeneratorOptions& options, std::string_view parameter);
std::vector<LayerNode> pointwise_graph(const TensorList& state, const GeneratorOptions& options);

}  // namespace solstice
