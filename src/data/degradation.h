#pragma once

#include <opencv2/core/mat.hpp>

#include "core/rng.h"

namespace solstice {

/// What cameras and the web do to a photograph, drawn anew for each (after Zhang et al. 2021,
/// BSRGAN, and Wang et al. 2021, Real-ESRGAN): blur by a turned Gaussian, resizing to `small` by
/// one of three filters and noise, in a random order; then, as often as not, a second light blur;
/// then JPEG of quality 40 to 95. Blur is 0.1 to 0.8 pixels of the result, noise up to 15 levels,
/// of each channel or of all together. Takes 1 or 3 channels, 8 or 16 bit; returns 8 bit.
cv::Mat degrade(const cv::Mat& image, cv::Size small, Rng& rng);

}  // namespace solstice
