#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "models/networks/layer_graph.h"

namespace solstice {

/// A convolution by oneDNN's operator, with the weight once and for all in the order that it wants
/// and the activation inside. On the CPU. Safe to run from several threads.
class PackedConv {
 public:
  /// False where this LibTorch has no such operators (they have no C++ wrapper, LibTorch's compiler
  /// of Python programs calls them, and they may be gone in another release or build), or where
  /// they refuse to compute in `type` on this processor: bfloat16 without AVX-512.
  static bool available(at::ScalarType type);

  /// weight as LibTorch's convolutions take it, in channels_last; bias (K) or undefined. kPrelu,
  /// which has another slope for each channel, is left to the caller.
  PackedConv(at::Tensor weight, at::Tensor bias, const ConvGeometry& geometry,
             Activation activation);
  ~PackedConv();
  PackedConv(PackedConv&&) noexcept;
  PackedConv& operator=(PackedConv&&) noexcept;

  /// x (N, C, H, W) in channels_last, with this padding in place of the geometry's.
  at::Tensor run(const at::Tensor& x, int64_t padding_down, int64_t padding_across) const;

 private:
  struct Weight;
  at::Tensor packed_for(const at::Tensor& x, at::IntArrayRef padding) const;

  ConvGeometry geometry_;
  Activation activation_;
  at::Tensor bias_;
  std::unique_ptr<Weight> weight_;
};

}  // namespace solstice
