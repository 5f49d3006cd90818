#pragma once

#include <opencv2/core/mat.hpp>

#include "data/dataset.h"
#include "models/trainers/trainer.h"

namespace solstice {

/// The images that every grid of a run shows: up to four of `held_out` when there is one, else of
/// the split "test" where the folder has one, else of the training set. Empty (undefined tensors)
/// when none can be read; says why on stderr.
Batch choose_samples(const DataOptions& options, const Dataset& training, const Dataset* held_out);

/// The images of a trainer's sample() as one RGB picture: a row per sample, a column per name
/// (input, fake, target), two pixels of white between them. The first column is what the others
/// were made from.
cv::Mat sample_grid(const SampleImages& images, Inputs inputs);

}  // namespace solstice
