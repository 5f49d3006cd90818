#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core/mat.hpp>

#include "data/options.h"

namespace solstice {

/// What an image of a training step looks like, as 8-bit pixels: the one place where a trainer's
/// tensors become something to see or to measure. `image` (C, H, W) is made from, or belongs to,
/// `input`. With --inputs grey one channel is a lightness and two are the colours of the input,
/// which lends them its lightness: RGB. Otherwise 1 or 3 channels are taken as they are.
cv::Mat picture_of(const at::Tensor& image, const at::Tensor& input, Inputs inputs);

}  // namespace solstice
