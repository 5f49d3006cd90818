#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "models/networks/layer_graph.h"

namespace solstice {

/// Two 1x1 convolutions with a ReLU between them, run on pixels: each is read once and written
/// once, and no plane of floats comes between, which would cost more than decoding. One thread an
/// image; safe to run from several. Equal to Plan but for rounding.
class PointwisePlan {
 public:
  static bool fits(const LayerGraph& graph);
  explicit PointwisePlan(const LayerGraph& graph);

  /// 8 or 16 bit, of the network's 1 or 3 input channels, to as many bits of its output channels.
  cv::Mat run(const cv::Mat& pixels) const;

 private:
  int64_t inputs_, features_, outputs_;
  std::vector<float> of_8_bit_, of_16_bit_;  ///< PointwiseLayers::numbers
};

}  // namespace solstice
