#pragma once

#include <opencv2/core/mat.hpp>

namespace solstice {

/// Antialiased bicubic resize of an 8-bit image with 1, 3 or 4 channels: the kernel (a = -0.5,
/// support widened by the scale when shrinking), fixed-point arithmetic and rounding of Pillow's
/// Image.resize(..., BICUBIC), which the Python reference trains with. Equal to Pillow's result to
/// one level. OpenCV's INTER_CUBIC (a = -0.75, no antialiasing) is a different filter.
/// Throws Error(kInput) for a target side below 1.
cv::Mat resize_bicubic(const cv::Mat& source, int width, int height);

}  // namespace solstice
