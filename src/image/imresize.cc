#include "image/imresize.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

/// Keys' kernel with a = -0.5, of support [-2, 2].
double cubic(double x) {
  x = std::abs(x);
  if (x <= 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

/// What each place of a resized line is made of.
struct Taps {
  int width = 0;               ///< taps of a place
  std::vector<int> places;     ///< `width` for each, in the source
  std::vector<float> weights;  ///< `width` for each; their sum is 1
};

/// Mirrored, the edge repeated: -1 is 0, in is in - 1.
int mirrored(int place, int in) {
  const int period = 2 * in;
  place = (place % period + period) % period;
  return place < in ? place : period - 1 - place;
}

Taps taps_of(int in, int out) {
  const double scale = static_cast<double>(out) / in;
  const double stretch = std::max(1.0, 1 / scale);
  Taps taps;
  taps.width = static_cast<int>(std::ceil(4 * stretch)) + 2;
  for (int i = 0; i < out; ++i) {
    const double centre = (i + 0.5) / scale - 0.5;
    const int first = static_cast<int>(std::floor(centre - 2 * stretch));
    std::vector<double> row;
    double sum = 0;
    for (int tap = 0; tap < taps.width; ++tap) {
      row.push_back(cubic((first + tap - centre) / stretch));
      sum += row.back();
      taps.places.push_back(mirrored(first + tap, in));
    }
    for (const double weight : row) taps.weights.push_back(static_cast<float>(weight / sum));
  }
  return taps;
}

cv::Mat resized_down(const cv::Mat& source, int height) {
  if (source.rows == height) return source;
  const Taps taps = taps_of(source.rows, height);
  cv::Mat result(height, source.cols, source.type(), cv::Scalar::all(0));
  const int values = source.cols * source.channels();
  for (int y = 0; y < height; ++y) {
    float* to = result.ptr<float>(y);
    for (int tap = 0; tap < taps.width; ++tap) {
      const auto at = static_cast<size_t>(y * taps.width + tap);
      const float weight = taps.weights[at];
      if (weight == 0) continue;
      const float* from = source.ptr<float>(taps.places[at]);
      for (int x = 0; x < values; ++x) to[x] += weight * from[x];
    }
  }
  return result;
}

cv::Mat resized_across(const cv::Mat& source, int width) {
  if (source.cols == width) return source;
  const Taps taps = taps_of(source.cols, width);
  const int channels = source.channels();
  cv::Mat result(source.rows, width, source.type(), cv::Scalar::all(0));
  for (int y = 0; y < source.rows; ++y) {
    const float* from = source.ptr<float>(y);
    float* to = result.ptr<float>(y);
    const float* weight = taps.weights.data();
    const int* place = taps.places.data();
    for (int x = 0; x < width; ++x, to += channels) {
      for (int tap = 0; tap < taps.width; ++tap, ++weight, ++place) {
        const float* pixel = from + static_cast<ptrdiff_t>(*place) * channels;
        for (int c = 0; c < channels; ++c) to[c] += *weight * pixel[c];
      }
    }
  }
  return result;
}

}  // namespace

cv::Mat imresize(const cv::Mat& source, cv::Size size) {
  if (size.width < 1 || size.height < 1 || source.empty()) {
    throw Error(ErrorKind::kInput, message("cannot resize an image of ", source.cols, "x",
                                           source.rows, " to ", size.width, "x", size.height));
  }
  cv::Mat image;
  source.convertTo(image, CV_32F);
  // The side that loses most first, as MATLAB does.
  const bool down_first = static_cast<int64_t>(size.height) * source.cols <=
                          static_cast<int64_t>(size.width) * source.rows;
  image = down_first ? resized_across(resized_down(image, size.height), size.width)
                     : resized_down(resized_across(image, size.width), size.height);
  if (source.depth() == CV_32F) return image;
  cv::Mat result;
  image.convertTo(result, source.depth());
  return result;
}

}  // namespace solstice
