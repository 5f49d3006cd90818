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

/// The part of it that is about the weight.
bool winograd_weight_fits(const at::Tensor& weight);

/// While it lives, winograd_fits is false on this thread: every convolution is LibTorch's own.
class WinogradOff {
 public:
  WinogradOff();
  ~WinogradOff();
  WinogradOff(const WinogradOff&) = delete;
  WinogradOff& operator=(const WinogradOff&) = delete;

 private:
  bool before_;
};

/// (N, K, H, W) in channels_last. bias (K), or undefined.
at::Tensor winograd_conv3x3(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// Rows of a plane that a piece of it holds, and rows that are made of them.
struct RowWindow {
  int64_t height;        ///< of the whole plane
  int64_t held_first;    ///< the plane's row that is row 0 of the piece
  int64_t first, count;  ///< rows to make; one more to either side is held where the plane has it
};

/// A 3x3 convolution at stride 1 that keeps the size, with its weight transformed once. Beyond the
/// plane it sees zeros or reflected pixels.
class PreparedWinograd {
 public:
  /// weight (K, C, 3, 3), bias (K) or undefined; float32, channels as winograd_fits wants them.
  PreparedWinograd(const at::Tensor& weight, const at::Tensor& bias, bool reflects);

  /// x (N, C, held rows, W) in channels_last, float32, to (N, K, count, W).
  at::Tensor run(const at::Tensor& x, const RowWindow& window) const;

  /// Of the transformed weight, four times the weight's own.
  int64_t weight_bytes() const { return static_cast<int64_t>(spectrum_.nbytes()); }

 private:
  at::Tensor spectrum_, bias_;
  int64_t in_, out_;
  bool reflects_;
};

/// Undefined where not wanted.
struct ConvGradients {
  at::Tensor x, weight, bias;
};

/// The adjoint, of dy (N, K, H, W) in channels_last; `wanted` in the order of ConvGradients.
ConvGradients winograd_conv3x3_backward(const at::Tensor& x, const at::Tensor& weight,
                                        const at::Tensor& dy, std::array<bool, 3> wanted);

}  // namespace solstice
