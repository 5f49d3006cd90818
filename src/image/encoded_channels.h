#pragma once

#include <opencv2/core/mat.hpp>

#include "image/image.h"

namespace solstice {

/// 16 bits brought down by rounding; pixels of 8 bits as they are.
cv::Mat in_8_bit(const cv::Mat& pixels);

/// True for an image that came as grey with alpha and has no colour still.
bool stays_grey_with_alpha(const Image& image);

/// RGBA without colour: of grey and alpha where the format has alpha, else grey alone, on white.
cv::Mat in_grey(const cv::Mat& rgba, ImageFormat format);

}  // namespace solstice
