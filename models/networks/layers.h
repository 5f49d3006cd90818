#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <cstdint>
#include <string>

#include "models/networks/image_module.h"
#include "models/networks/networks.h"

namespace solstice {

/// Instance normalisation without weights or running statistics (Ulyanov et al. 2016), eps 1e-5:
/// owns no tensors, so that a state dict has no trace of it. A channels_last input keeps its layout
/// on the CPU; the ways of computing (fused_norm.h) differ by rounding only.
struct InstanceNorm : ImageModule {
  at::Tensor forward(at::Tensor x) override;
};

/// True when a convolution before this norm has a bias. The reference gives it one for instance
/// norm only, where it has no effect.
inline bool has_bias(Norm norm) { return norm == Norm::kInstance; }

/// Appends the layer of a norm slot. kNone fills the slot as well, so that later indices, which are
/// names, do not move.
void push_norm(torch::nn::Sequential& layers, Norm norm, int64_t channels);

/// Kernel geometry of a square convolution.
struct Kernel {
  int64_t size;
  int64_t stride;
  int64_t padding;
};
void push_conv(torch::nn::Sequential& layers, int64_t in, int64_t out, Kernel kernel, bool bias);
void push_transposed_conv(torch::nn::Sequential& layers, int64_t in, int64_t out, Kernel kernel,
                          int64_t output_padding, bool bias);

/// In place, as in the reference: every caller applies them to a tensor that nobody else reads.
void push_relu(torch::nn::Sequential& layers);
void push_leaky_relu(torch::nn::Sequential& layers);

/// What a network accepts.
struct ImageLimits {
  int64_t channels;
  int64_t multiple;  ///< of both sides
  int64_t smallest;  ///< side
};

/// Throws Error(kInput) that begins with "[network]" unless `x` is (N, channels, H, W) with sides
/// that fit.
void check_image(const at::Tensor& x, const std::string& network, const ImageLimits& limits);

}  // namespace solstice
