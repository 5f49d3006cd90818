#pragma once

#include <ATen/core/Tensor.h>

namespace solstice {

/// What follows a norm: values below zero times this.
inline constexpr double kNoActivation = 1;
inline constexpr double kReluSlope = 0;
inline constexpr double kLeakySlope = 0.2;

inline constexpr double kNormEps = 1e-5;

/// Weights and running statistics of a batch norm, each (C); see at::batch_norm.
struct BatchNormTensors {
  at::Tensor weight, bias, running_mean, running_var;
  double momentum;
};

/// True when the two functions below have kernels for x: (N, C, H, W), float32 or bfloat16, in
/// channels_last on the CPU.
bool fused_norm_fits(const at::Tensor& x);

/// act(instance_norm(x)) + residual (N, C, H, W), in one operator that keeps only x for its
/// gradient; `slope` tells the activation, residual may be undefined. Statistics are float64 sums
/// in a fixed order. Can be differentiated twice. Any x; without kernels for it, by LibTorch's
/// operators.
at::Tensor instance_norm_act(const at::Tensor& x, double slope, const at::Tensor& residual = {});

/// act(batch_norm(x)) in training: normalised by the statistics of this batch, which it also adds
/// to the running ones. Only where fused_norm_fits.
at::Tensor batch_norm_act(const at::Tensor& x, const BatchNormTensors& norm, double slope);

}  // namespace solstice
