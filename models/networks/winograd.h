#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace solstice {

/// Winograd's F(4x4, 3x3) (Lavin and Gray 2016) for a convolution by a 3x3 weight (K, C, 3, 3),
/// stride 1, of x (N, C, H, W) padded by one reflected pixel: a quarter of the direct sum's
/// multiplications, about six times its rounding error. Same bytes for every number of threads.
/// No graph is recorded; reflected_conv.h does that.

/// True for CPU tensors that the functions below accept and are faster for: float32, x in
/// channels_last, no autocast (bfloat16 is faster direct, and Winograd needs its mantissa),
/// channels multiples of 16 and at least 64, sides at least 2.
bool winograd_fits(const at::Tensor& x, const at::Tensor& weight);

/// (N, K, H, W) in channels_last. bias (K), or undefined.
at::Tensor winograd_conv3x3(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// Undefined where not wanted.
struct ConvGradients {
  at::Tensor x, weight, bias;
};

/// The adjoint, of dy (N, K, H, W) in channels_last; `wanted` in the order of ConvGradients.
ConvGradients winograd_conv3x3_backward(const at::Tensor& x, const at::Tensor& weight,
                                        const at::Tensor& dy, std::array<bool, 3> wanted);

}  // namespace solstice
