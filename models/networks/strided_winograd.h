#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "models/networks/layer_conv.h"
#include "models/networks/winograd.h"

namespace solstice {

/// A U-Net's convolution, 4x4 at stride 2 with one pixel of zeros, or its transpose, by Winograd's
/// F(3x3, 2x2) with 4/9 of the direct sum's multiplications: a weight of every other tap sees (or
/// makes) every other pixel, so that the layer is four 2x2 convolutions at stride 1, which share
/// the spectra of their results (or of their inputs). All but halving the weight is additions,
/// so that the error is about the direct sum's. Inference only. Same bytes for every number of
/// threads.
class StridedWinograd {
 public:
  /// weight as LibTorch's convolutions take it, float32; bias (K) or undefined.
  StridedWinograd(const at::Tensor& weight, const at::Tensor& bias, Direction direction);

  /// True for CPU weights that it is made for: channels multiples of 16 and at least 32, and not so
  /// many that four times the weight would be too much memory.
  static bool fits(const at::Tensor& weight, const ConvGeometry& geometry);

  /// True where it is faster than the direct sum for a plane of so many results: a large weight,
  /// which leaves the caches, must serve many tiles.
  static bool pays(const at::Tensor& weight, int64_t height, int64_t width);

  /// What is done to the values that are read and made: those below zero times a slope.
  struct Slopes {
    float inputs = 1, outputs = 1;
  };

  /// The planes in `inputs`, (1, C_i, held rows, W) in channels_last, float32, side by side, to
  /// (1, K, window.count, W'). The window is PreparedConv's: `height` and `held_first` are of input
  /// rows, `first` and `count` of output rows.
  at::Tensor run(const std::vector<at::Tensor>& inputs, const RowWindow& window,
                 const Slopes& slopes) const;

  /// How much larger the transformed weight is.
  static constexpr int64_t kGrowth = 4;

 private:
  struct Tiles;
  void make(const std::vector<at::Tensor>& inputs, const Tiles& tiles, const Slopes& slopes,
            at::Tensor& y) const;

  bool halves_;
  int64_t in_, out_;
  at::Tensor spectrum_, bias_;
};

}  // namespace solstice
