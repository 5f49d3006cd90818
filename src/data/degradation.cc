#include "data/degradation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "image/codec.h"
#include "image/imresize.h"

namespace solstice {
namespace {

constexpr double kLeastBlur = 0.1, kMostBlur = 0.8;  ///< of the result's pixels
constexpr double kMostNoise = 15;
constexpr double kGreyNoise = 0.4;  ///< share of noises that all channels have in common
constexpr double kSecondBlur = 0.5, kJpeg = 0.8;
constexpr int64_t kLowestQuality = 40, kHighestQuality = 95;

/// A Gaussian of two widths, turned by any angle.
cv::Mat draw_kernel(double pixel, Rng& rng) {
  const double along = pixel * rng.uniform(kLeastBlur, kMostBlur);
  const double across = rng.chance(0.5) ? along : pixel * rng.uniform(kLeastBlur, kMostBlur);
  const double angle = rng.uniform(0, CV_PI);
  const int radius = std::max(1, static_cast<int>(std::ceil(3 * std::max(along, across))));
  cv::Mat kernel(2 * radius + 1, 2 * radius + 1, CV_32F);
  for (int y = -radius; y <= radius; ++y) {
    for (int x = -radius; x <= radius; ++x) {
      const double u = (x * std::cos(angle) + y * std::sin(angle)) / along;
      const double v = (y * std::cos(angle) - x * std::sin(angle)) / across;
      kernel.at<float>(y + radius, x + radius) = static_cast<float>(std::exp(-(u * u + v * v) / 2));
    }
  }
  return kernel / cv::sum(kernel)[0];
}

void blur(cv::Mat& image, double pixel, Rng& rng) {
  cv::filter2D(image, image, -1, draw_kernel(pixel, rng), {-1, -1}, 0, cv::BORDER_REFLECT_101);
}

void shrink(cv::Mat& image, cv::Size small, Rng& rng) {
  constexpr std::array kFilters{cv::INTER_AREA, cv::INTER_LINEAR};
  const auto filter = static_cast<size_t>(rng.below(3));
  if (filter < kFilters.size()) {
    cv::resize(image, image, small, 0, 0, kFilters.at(filter));
  } else {
    image = imresize(image, small);
  }
}

/// Box and Muller's.
double normal(Rng& rng) {
  const double radius = std::sqrt(-2 * std::log(1 - rng.uniform()));
  return radius * std::cos(2 * CV_PI * rng.uniform());
}

void add_noise(cv::Mat& image, Rng& rng) {
  const double strength = kMostNoise * rng.uniform() * rng.uniform();
  const bool grey = rng.chance(kGreyNoise);
  const int channels = image.channels();
  for (int y = 0; y < image.rows; ++y) {
    float* pixel = image.ptr<float>(y);
    for (int x = 0; x < image.cols; ++x, pixel += channels) {
      double noise = strength * normal(rng);
      for (int c = 0; c < channels; ++c) {
        if (c > 0 && !grey) noise = strength * normal(rng);
        pixel[c] += static_cast<float>(noise);
      }
    }
  }
}

cv::Mat through_jpeg(const cv::Mat& pixels, Rng& rng) {
  EncodeOptions options;
  options.format = ImageFormat::kJpeg;
  options.quality =
      static_cast<int>(kLowestQuality + rng.below(kHighestQuality - kLowestQuality + 1));
  options.chroma = rng.chance(0.5) ? ChromaSampling::k420 : ChromaSampling::k444;
  return decode_image(encode_image({pixels, {}}, options)).pixels;
}

}  // namespace

cv::Mat degrade(const cv::Mat& image, cv::Size small, Rng& rng) {
  cv::Mat result;
  image.convertTo(result, CV_32F, image.depth() == CV_16U ? 1 / 257.0 : 1);
  enum class Step { kBlur, kShrink, kNoise };
  std::array steps{Step::kBlur, Step::kShrink, Step::kNoise};
  rng.shuffle(std::span<Step>(steps));
  for (const Step step : steps) {
    const double pixel = static_cast<double>(result.cols) / small.width;
    if (step == Step::kBlur) blur(result, pixel, rng);
    if (step == Step::kShrink) shrink(result, small, rng);
    if (step == Step::kNoise) add_noise(result, rng);
  }
  if (rng.chance(kSecondBlur)) blur(result, 0.5, rng);
  cv::Mat pixels;
  result.convertTo(pixels, CV_8U);
  return rng.chance(kJpeg) ? through_jpeg(pixels, rng) : pixels;
}

}  // namespace solstice
