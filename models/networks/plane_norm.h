#pragma once

#include <ATen/core/Tensor.h>

namespace solstice {

/// Normalisation by plane on the CPU, for x (N, C, H, W) in channels_last, float32 or bfloat16.
/// Records no graph; fused_norm.h does that. Sums are float64 ones in a fixed order: the same bytes
/// for every number of threads.

/// Mean and biased variance, (planes, C) float32: a plane for each image, or one for the batch.
struct PlaneStatistics {
  at::Tensor mean, var;
};
PlaneStatistics plane_statistics(const at::Tensor& x, bool whole_batch);

/// A norm with its input. weight and bias (C) float32.
struct PlaneNorm {
  at::Tensor x, weight, bias;
  PlaneStatistics statistics;
  double slope;  ///< of the activation below zero
  bool whole_batch;
};

/// act(norm(x)) + residual in the type of x; an empty residual adds nothing.
at::Tensor plane_norm(const PlaneNorm& norm, const at::Tensor& residual);

/// The same into y, of the shape, type and layout of x; y may be x or residual itself.
void plane_norm_into(const PlaneNorm& norm, const at::Tensor& residual, const at::Tensor& y);

struct NormGradients {
  at::Tensor x, weight, bias;
};
/// dy of the type and layout of x.
NormGradients plane_norm_gradients(const PlaneNorm& norm, const at::Tensor& dy);

}  // namespace solstice
