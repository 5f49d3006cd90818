#pragma once

#include <ATen/core/Tensor.h>

#include "models/networks/layer_conv.h"
#include "models/networks/winograd.h"

namespace solstice {

/// A convolution to very few channels (the picture at the end of a generator), of which general
/// kernels reach a fifth of the processor: every pixel times all taps and outputs in one matrix
/// product, and the products added where they belong. Inference only. Same bytes for every number
/// of threads.
class NarrowConv {
 public:
  /// weight as LibTorch's convolutions take it, float32 on the CPU; bias (K) or undefined.
  NarrowConv(const at::Tensor& weight, const at::Tensor& bias, const ConvGeometry& geometry,
             bool reflects);

  /// True for weights that it is made for: at most 4 outputs; stride 1 and 5x5 or more, or
  /// transposed.
  static bool fits(const at::Tensor& weight, const ConvGeometry& geometry);

  /// x (N, C, held rows, W) in channels_last, float32, to (N, K, window.count, W'). `height`,
  /// `held_first` are of input rows, `first`, `count` of output rows; the rows that these are made
  /// of are held.
  at::Tensor run(const at::Tensor& x, const RowWindow& window) const;

  int64_t weight_bytes() const { return static_cast<int64_t>(matrix_.nbytes()); }

 private:
  struct Piece;
  void make_rows(const Piece& piece, int64_t first, int64_t last) const;
  void add_forward(const Piece& piece, int64_t row, int64_t first, int64_t last) const;
  void add_transposed(const Piece& piece, int64_t row, int64_t first, int64_t last) const;

  ConvGeometry geometry_;
  bool reflects_;
  int64_t in_, out_, kernel_, columns_;
  at::Tensor matrix_;  ///< (C, columns): tap column, tap row, output; padded with zeros
  at::Tensor bias_;
};

}  // namespace solstice
