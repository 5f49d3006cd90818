#pragma once

#include <opencv2/core/mat.hpp>

namespace solstice {

// What published figures are computed on. Pixels as in metrics.h: 8 or 16 bit or float levels, 1
// (grey, taken as R = G = B) or 3 (RGB) channels. Each throws Error(kInput). Thread-safe.

/// Luma of ITU-R BT.601 in its studio range: 16 + (65.481 R + 128.553 G + 24.966 B) / 255, from 16
/// (black) to 235 (white), not rounded. (H, W) CV_64F. MATLAB's rgb2ycbcr of floats times 255;
/// BasicSR's to_y_channel.
cv::Mat luma(const cv::Mat& pixels);

/// The same rounded to whole levels, half up: MATLAB's rgb2ycbcr of uint8. (H, W) CV_8U.
cv::Mat rounded_luma(const cv::Mat& pixels);

/// The image without its outermost `border` pixels. Throws when nothing is left.
cv::Mat without_border(const cv::Mat& pixels, int border);

}  // namespace solstice
