#pragma once

#include <opencv2/core/mat.hpp>

#include "models/trainers/trainer.h"

namespace solstice {

/// The images of a trainer's sample() as one RGB picture: a row per sample, a column per name
/// (input, fake, target), two pixels of white between them. Grey images are shown as grey.
cv::Mat sample_grid(const SampleImages& images);

}  // namespace solstice
