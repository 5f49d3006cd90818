#pragma once

#include <torch/nn/modules/container/sequential.h>

namespace solstice {

/// What `layers` computes, with neighbours joined where one operator does the work of several:
/// reflection padding + 3x3 convolution (reflected_conv.h), norm + activation (fused_norm.h).
/// Adds `residual` in the end when it is defined. Modules, names and results stay what they are.
at::Tensor forward_fused(torch::nn::Sequential& layers, at::Tensor x,
                         const at::Tensor& residual = {});

/// x in the layout in which a network of fused layers runs fastest on its device.
at::Tensor in_fast_layout(const at::Tensor& x);

}  // namespace solstice
