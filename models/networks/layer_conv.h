#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace solstice {

enum class Direction { kForward, kTransposed };

/// A square convolution without dilation or groups.
struct ConvGeometry {
  Direction direction;
  int64_t stride, padding, output_padding;

  /// Rows (columns) of the result for so many of the input's.
  int64_t out_side(int64_t side, int64_t kernel) const {
    return direction == Direction::kTransposed
               ? (side - 1) * stride - 2 * padding + kernel + output_padding
               : (side + 2 * padding - kernel) / stride + 1;
  }
};

/// at::convolution of x (N, C, H, W); bias may be undefined. In channels_last and float32 on the
/// CPU the gradient of the weight is made of one matrix product for each tap and row: LibTorch's
/// own is up to five times slower in that layout and needs up to 0.8 GB for it. Can be
/// differentiated twice. Same bytes for every number of threads.
at::Tensor layer_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const ConvGeometry& geometry);

/// True when layer_conv has its own gradient of the weight for these.
bool weight_gradient_fits(const at::Tensor& x, const at::Tensor& weight);

}  // namespace solstice
