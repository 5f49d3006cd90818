#pragma once

#include <algorithm>
#include <opencv2/core.hpp>

namespace solstice::testing {

/// A striped picture with edges: 80 to 206 of 255.
inline cv::Mat picture(int width, int height, int channels) {
  cv::Mat pixels(height, width, CV_8UC(channels));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const int level = 128 + ((x * x + 3 * y) / 7 + 40 * c) % 97 - 48 + (x / 6 + y / 5) % 2 * 30;
        pixels.ptr(y)[x * channels + c] = static_cast<uchar>(level);
      }
    }
  }
  return pixels;
}

/// The picture with a pattern of `strength` times -10 to 10 levels on top.
inline cv::Mat distorted(const cv::Mat& picture, int strength) {
  cv::Mat result = picture.clone();
  const int channels = picture.channels();
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      for (int c = 0; c < channels; ++c) {
        uchar& level = result.ptr(y)[x * channels + c];
        const int changed = level + ((7 * x + 13 * y + 5 * c) % 21 - 10) * strength;
        level = static_cast<uchar>(std::clamp(changed, 0, 255));
      }
    }
  }
  return result;
}

}  // namespace solstice::testing
