#pragma once

#include <torch/nn/modules/conv.h>

#include "models/networks/layer_conv.h"

namespace solstice {

/// at::convolution of x (N, C, H, W) with a float32 weight as one matrix product over the few
/// places where the kernel lies; bias may be undefined, no dilation, no groups. Where the weight is
/// far larger than the image (the middle of a U-Net: 8 million numbers for 4 pixels) its transport
/// is all the time there is: the result and each gradient read or write it once, where it lies,
/// while LibTorch's own convolution copies it into its layout and back in every pass. Can be
/// differentiated twice. Same bytes for every number of threads. Under autocast it computes in
/// float32 all the same, which spares the weight's cast, and gives what autocast asks for.
at::Tensor matrix_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const ConvGeometry& geometry);

/// True where matrix_conv is the faster one: on the CPU, float32, a contiguous weight of a million
/// numbers or more whose rows are multiples of 16, at most 64 places.
bool matrix_conv_fits(const at::Tensor& x, const at::Tensor& weight, const ConvGeometry& geometry);

/// Convolutions that take the faster way. Names and weights are those of LibTorch's modules.
struct LeanConv2d : torch::nn::Conv2dImpl {
  using Conv2dImpl::Conv2dImpl;
  at::Tensor forward(const at::Tensor& x);
};
struct LeanConvTranspose2d : torch::nn::ConvTranspose2dImpl {
  using ConvTranspose2dImpl::ConvTranspose2dImpl;
  at::Tensor forward(const at::Tensor& x);
};

}  // namespace solstice
