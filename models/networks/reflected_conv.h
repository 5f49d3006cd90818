#pragma once

#include <ATen/core/Tensor.h>

namespace solstice {

/// conv2d(reflection_pad2d(x, 1), weight, bias) for a 3x3 weight (K, C, 3, 3) at stride 1: (N, C,
/// H, W) to (N, K, H, W); bias (K) may be undefined. By Winograd (winograd.h) where that is faster,
/// in its gradients too; else, and for gradients of gradients, by LibTorch's own operators.
at::Tensor reflected_conv3x3(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace solstice
