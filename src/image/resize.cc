#include "image/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

constexpr double kSupport = 2.0;
constexpr int kFractionBits = 22;  // 32, less 8 for the level and 2 for overshoot

/// Keys' cubic convolution kernel with a = -0.5.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

/// For every output position along one axis, where its inputs begin and their weights.
struct Taps {
  int width = 0;  ///< weights a position, the last ones 0 where fewer are needed
  std::vector<int> first;
  std::vector<int> count;
  std::vector<int32_t> weights;
};

Taps taps_of(int in_size, int out_size) {
  const double scale = static_cast<double>(in_size) / out_size;
  const double stretch = std::max(scale, 1.0);
  const double support = kSupport * stretch;
  Taps taps;
  taps.width = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.weights.assign(static_cast<size_t>(taps.width) * static_cast<size_t>(out_size), 0);
  std::vector<double> row(static_cast<size_t>(taps.width));
  for (int out = 0; out < out_size; ++out) {
    const double centre = (out + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int count = std::min(static_cast<int>(centre + support + 0.5), in_size) - first;
    double sum = 0;
    for (int i = 0; i < count; ++i) {
      row[static_cast<size_t>(i)] = cubic((i + first - centre + 0.5) * (1.0 / stretch));
      sum += row[static_cast<size_t>(i)];
    }
    int32_t* weights = taps.weights.data() + static_cast<ptrdiff_t>(out) * taps.width;
    for (int i = 0; i < count; ++i) {
      const double share = sum == 0 ? 0 : row[static_cast<size_t>(i)] / sum;
      weights[i] = static_cast<int32_t>(share * (1 << kFractionBits) + (share < 0 ? -0.5 : 0.5));
    }
    taps.first.push_back(first);
    taps.count.push_back(count);
  }
  return taps;
}

uint8_t level_of(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

template <int kChannels>
void resize_rows(const cv::Mat& in, cv::Mat& out, const Taps& taps) {
  for (int y = 0; y < out.rows; ++y) {
    const uint8_t* row = in.ptr<uint8_t>(y);
    uint8_t* result = out.ptr<uint8_t>(y);
    for (int x = 0; x < out.cols; ++x) {
      const auto at = static_cast<size_t>(x);
      const int32_t* weights = taps.weights.data() + static_cast<ptrdiff_t>(x) * taps.width;
      const uint8_t* pixel = row + static_cast<ptrdiff_t>(taps.first[at]) * kChannels;
      std::array<int32_t, kChannels> sums;
      sums.fill(1 << (kFractionBits - 1));
      for (int i = 0; i < taps.count[at]; ++i, pixel += kChannels) {
        for (int c = 0; c < kChannels; ++c) sums[static_cast<size_t>(c)] += pixel[c] * weights[i];
      }
      for (int c = 0; c < kChannels; ++c) *result++ = level_of(sums[static_cast<size_t>(c)]);
    }
  }
}

void resize_columns(const cv::Mat& in, cv::Mat& out, const Taps& taps) {
  const auto width = static_cast<size_t>(in.cols) * static_cast<size_t>(in.channels());
  std::vector<int32_t> sums(width);
  for (int y = 0; y < out.rows; ++y) {
    const auto at = static_cast<size_t>(y);
    const int32_t* weights = taps.weights.data() + static_cast<ptrdiff_t>(y) * taps.width;
    std::fill(sums.begin(), sums.end(), 1 << (kFractionBits - 1));
    for (int i = 0; i < taps.count[at]; ++i) {
      const uint8_t* row = in.ptr<uint8_t>(taps.first[at] + i);
      const int32_t weight = weights[i];
      for (size_t x = 0; x < width; ++x) sums[x] += row[x] * weight;
    }
    uint8_t* result = out.ptr<uint8_t>(y);
    for (size_t x = 0; x < width; ++x) result[x] = level_of(sums[x]);
  }
}

cv::Mat resize_across(const cv::Mat& source, int width) {
  if (width == source.cols) return source;
  cv::Mat result(source.rows, width, source.type());
  const Taps taps = taps_of(source.cols, width);
  if (source.channels() == 1) resize_rows<1>(source, result, taps);
  if (source.channels() == 3) resize_rows<3>(source, result, taps);
  if (source.channels() == 4) resize_rows<4>(source, result, taps);
  return result;
}

cv::Mat resize_down(const cv::Mat& source, int height) {
  if (height == source.rows) return source;
  cv::Mat result(height, source.cols, source.type());
  resize_columns(source, result, taps_of(source.rows, height));
  return result;
}

/// Each pass rounds to whole levels, so their order shows. Pillow 13 was seen to begin with the
/// columns exactly when they lose more than twice what the rows lose (3,000 sizes compared); older
/// ones always begin with the rows.
cv::Mat resize_both_ways(const cv::Mat& source, int width, int height) {
  const bool columns_first =
      height < source.rows && source.rows - height > 2LL * (source.cols - width);
  return columns_first ? resize_across(resize_down(source, height), width)
                       : resize_down(resize_across(source, width), height);
}

/// Colours weighted by alpha, so that what is transparent does not bleed into its neighbours.
cv::Mat premultiplied(const cv::Mat& rgba) {
  cv::Mat result = rgba.clone();
  for (int y = 0; y < result.rows; ++y) {
    uint8_t* pixel = result.ptr<uint8_t>(y);
    for (int x = 0; x < result.cols; ++x, pixel += 4) {
      for (int c = 0; c < 3; ++c) {
        pixel[c] = static_cast<uint8_t>((pixel[c] * pixel[3] + 127) / 255);
      }
    }
  }
  return result;
}

void divide_by_alpha(cv::Mat& rgba) {
  for (int y = 0; y < rgba.rows; ++y) {
    uint8_t* pixel = rgba.ptr<uint8_t>(y);
    for (int x = 0; x < rgba.cols; ++x, pixel += 4) {
      for (int c = 0; pixel[3] != 0 && c < 3; ++c) {
        pixel[c] = static_cast<uint8_t>(std::min(255, 255 * pixel[c] / pixel[3]));
      }
    }
  }
}

}  // namespace

cv::Mat resize_bicubic(const cv::Mat& source, int width, int height) {
  const int channels = source.channels();
  if (width < 1 || height < 1 || source.empty()) {
    throw Error(ErrorKind::kInput, message("cannot resize an image of ", source.cols, "x",
                                           source.rows, " to ", width, "x", height));
  }
  if (source.depth() != CV_8U || (channels != 1 && channels != 3 && channels != 4)) {
    throw Error(ErrorKind::kInput, "only 8-bit images of 1, 3 or 4 channels can be resized");
  }
  if (source.cols == width && source.rows == height) return source.clone();
  if (channels != 4) return resize_both_ways(source, width, height);
  cv::Mat result = resize_both_ways(premultiplied(source), width, height);
  divide_by_alpha(result);
  return result;
}

}  // namespace solstice
