#include "metrics/colorfulness.h"

#include <cmath>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/message.h"

namespace solstice {

double colorfulness(const cv::Mat& pixels) {
  if (pixels.channels() == 1 && !pixels.empty()) return 0;
  if (pixels.channels() != 3) {
    throw Error(ErrorKind::kInput, message("colorfulness of an image with ", pixels.channels(),
                                           " channels; expected grey or RGB without alpha"));
  }
  cv::Mat levels;
  pixels.convertTo(levels, CV_64F, pixels.depth() == CV_16U ? 1 / 257.0 : 1.0);
  cv::Mat opponents;
  cv::transform(levels, opponents, cv::Matx23d(1, -1, 0, 0.5, 0.5, -1));
  cv::Scalar mean, deviation;
  cv::meanStdDev(opponents, mean, deviation);
  return std::hypot(deviation[0], deviation[1]) + 0.3 * std::hypot(mean[0], mean[1]);
}

}  // namespace solstice
