#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core/mat.hpp>

namespace solstice {

/// The one place where pixels become numbers and back.
/// Images inside the program: RGB (or grey), NCHW float32 in [-1, 1]. In: x / 127.5 - 1 for 8 bit,
/// x / 32767.5 - 1 for 16 bit. Out: (x + 1) * 127.5 (or 32767.5), rounded half up and clamped.
/// (The reference truncates, which darkens by half a level.)

/// (1, C, H, W) float32 on the CPU, contiguous in NCHW; pixels 8 or 16 bit with 1 or 3 channels.
at::Tensor to_tensor(const cv::Mat& pixels);

/// The same values in the memory order of the pixels, channels_last: the faster one to make.
at::Tensor to_channels_last(const cv::Mat& pixels);

/// The reverse, for (1, C, H, W) or (C, H, W) with 1 or 3 channels, any strides, any float type;
/// `depth` is CV_8U or CV_16U. NaN becomes 0.
cv::Mat to_pixels(const at::Tensor& image, int depth);

}  // namespace solstice
