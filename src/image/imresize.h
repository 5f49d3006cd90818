#pragma once

#include <opencv2/core/mat.hpp>

namespace solstice {

/// Bicubic resize as MATLAB's imresize(image, size, 'bicubic') with antialiasing: a = -0.5 (Keys
/// 1981), the kernel widened by the scale when shrinking, mirrored beyond the border with the edge
/// repeated. The published figures of super-resolution rest on it: low-resolution inputs are made
/// with it, and so is the bicubic baseline. Takes 8 and 16 bit and float32, any number of channels;
/// integers are rounded and clamped once, in the end (MATLAB also rounds between the passes).
/// Throws Error(kInput) for an empty image or a target side below 1.
cv::Mat imresize(const cv::Mat& source, cv::Size size);

}  // namespace solstice
