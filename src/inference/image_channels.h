#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>

namespace solstice {

/// Colour channels as a network wants them, 1 (luma) or 3 (grey repeated); alpha left aside.
cv::Mat network_colours(const cv::Mat& pixels, int64_t channels);

/// A network's result for an image of `source`'s channels: grey of a network that reads colour is
/// grey again. A network that reads grey is there to make colour, which stays.
cv::Mat result_colours(const cv::Mat& source, const cv::Mat& result, int64_t network_input);

/// `colours` (1 or 3 channels) with `alpha`, resized to them where the scale differs: 4 channels.
cv::Mat with_alpha(const cv::Mat& colours, const cv::Mat& alpha);

/// One of the eight ways to flip and turn an image, 0 to 7; 0 changes nothing. Ways from 4 on
/// exchange width and height.
cv::Mat turned(const cv::Mat& pixels, int way);

}  // namespace solstice
