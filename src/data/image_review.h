#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace solstice {

struct ImageReview {
  std::vector<DataProblem> problems;  ///< in the order of the samples; each file once
  int64_t looked_at = 0;              ///< samples
};

/// Decodes the samples of a data set before training, in index order and on `workers` threads, for
/// at most `seconds`, and names the files that cannot be trained on: those whose pixels are damaged
/// and those of a single colour (the known cause of NaN under instance norm). A report only: the
/// Loader replaces such samples whether or not they were found here, so that what is trained on
/// does not depend on how fast the machine is; its failures() name the same problems in the same
/// words. The decoded images fill the data set's cache, so the time is not lost.
ImageReview review_images(const Dataset& dataset, int64_t workers, double seconds);

}  // namespace solstice
