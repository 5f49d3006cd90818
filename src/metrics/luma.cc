#include "metrics/luma.h"

#include <cmath>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/message.h"

namespace solstice {

cv::Mat luma(const cv::Mat& pixels) {
  if (pixels.empty() || (pixels.channels() != 1 && pixels.channels() != 3)) {
    throw Error(ErrorKind::kInput, message("luma of an image with ", pixels.channels(),
                                           " channels; expected grey or RGB without alpha"));
  }
  const double level = pixels.depth() == CV_16U ? 1 / 257.0 : 1.0;
  cv::Mat result;
  if (pixels.channels() == 1) {
    pixels.convertTo(result, CV_64F, level * 219 / 255, 16);
    return result;
  }
  cv::Mat levels;
  pixels.convertTo(levels, CV_64F, level / 255);
  cv::transform(levels, result, cv::Matx14d(65.481, 128.553, 24.966, 16));
  return result;
}

cv::Mat rounded_luma(const cv::Mat& pixels) {
  cv::Mat levels = luma(pixels);
  for (int y = 0; y < levels.rows; ++y) {
    auto* row = levels.ptr<double>(y);
    for (int x = 0; x < levels.cols; ++x) row[x] = std::floor(row[x] + 0.5);
  }
  cv::Mat rounded;
  levels.convertTo(rounded, CV_8U);
  return rounded;
}

cv::Mat without_border(const cv::Mat& pixels, int border) {
  if (pixels.cols <= 2 * border || pixels.rows <= 2 * border) {
    throw Error(ErrorKind::kInput, message("a border of ", border, " leaves nothing of ",
                                           pixels.cols, "x", pixels.rows, " pixels"));
  }
  return pixels(cv::Rect(border, border, pixels.cols - 2 * border, pixels.rows - 2 * border));
}

}  // namespace solstice
