#include "metrics/metrics.h"

#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

constexpr double kPeak = 255;
constexpr int kWindow = 11;
constexpr double kSigma = 1.5;

std::string describe(const cv::Mat& image) {
  return message(image.cols, "x", image.rows, " with ", image.channels(), " channels");
}

void require_comparable(const cv::Mat& a, const cv::Mat& b) {
  if (a.empty() || b.empty()) throw Error(ErrorKind::kInput, "an image to compare is empty");
  if (a.size() != b.size() || a.channels() != b.channels()) {
    throw Error(ErrorKind::kInput, message("images to compare differ: one is ", describe(a),
                                           ", the other ", describe(b)));
  }
  if (a.channels() != 1 && a.channels() != 3) {
    throw Error(ErrorKind::kInput, message("images to compare are ", describe(a),
                                           "; expected grey or RGB without alpha"));
  }
}

cv::Mat to_levels(const cv::Mat& image) {
  const int depth = image.depth();
  if (depth != CV_8U && depth != CV_16U && depth != CV_32F && depth != CV_64F) {
    throw Error(ErrorKind::kInput, "images to compare are neither 8 or 16 bit nor float");
  }
  cv::Mat levels;
  image.convertTo(levels, CV_64F, depth == CV_16U ? 1 / 257.0 : 1.0);
  return levels;
}

double count_values(const cv::Mat& image) {
  return static_cast<double>(image.total()) * image.channels();
}

/// The mean of every window that lies inside the image.
cv::Mat window_means(const cv::Mat& channel) {
  static const cv::Mat kernel = cv::getGaussianKernel(kWindow, kSigma, CV_64F);
  cv::Mat means;
  cv::sepFilter2D(channel, means, CV_64F, kernel, kernel);
  constexpr int kMargin = kWindow / 2;
  return means(cv::Rect(kMargin, kMargin, channel.cols - 2 * kMargin, channel.rows - 2 * kMargin));
}

/// The mean over one channel: equation 13 of the paper.
double ssim_of_channel(const cv::Mat& a, const cv::Mat& b) {
  const double c1 = (0.01 * kPeak) * (0.01 * kPeak);
  const double c2 = (0.03 * kPeak) * (0.03 * kPeak);
  const cv::Mat mean_a = window_means(a);
  const cv::Mat mean_b = window_means(b);
  const cv::Mat square_a = mean_a.mul(mean_a);
  const cv::Mat square_b = mean_b.mul(mean_b);
  const cv::Mat product = mean_a.mul(mean_b);
  const cv::Mat variances = window_means(a.mul(a) + b.mul(b)) - square_a - square_b;
  const cv::Mat covariance = window_means(a.mul(b)) - product;
  const cv::Mat above = (2 * product + c1).mul(2 * covariance + c2);
  const cv::Mat below = (square_a + square_b + c1).mul(variances + c2);
  return cv::mean(above / below)[0];
}

constexpr std::array<MetricRow, 3> kMetrics{{
    {"l1", "mean absolute difference in 8-bit levels", Better::kLower, l1},
    {"psnr", "peak signal-to-noise ratio in dB", Better::kHigher, psnr},
    {"ssim", "structural similarity, 11x11 Gaussian window", Better::kHigher, ssim, kWindow},
}};

}  // namespace

double l1(const cv::Mat& a, const cv::Mat& b) {
  require_comparable(a, b);
  return cv::norm(to_levels(a), to_levels(b), cv::NORM_L1) / count_values(a);
}

double psnr(const cv::Mat& a, const cv::Mat& b) {
  require_comparable(a, b);
  const double mse = cv::norm(to_levels(a), to_levels(b), cv::NORM_L2SQR) / count_values(a);
  if (mse == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(kPeak * kPeak / mse);
}

double ssim(const cv::Mat& a, const cv::Mat& b) {
  require_comparable(a, b);
  if (a.cols < kWindow || a.rows < kWindow) {
    throw Error(ErrorKind::kInput, message("images to compare are ", describe(a),
                                           "; ssim needs sides of ", kWindow, " or more"));
  }
  std::vector<cv::Mat> channels_a;
  std::vector<cv::Mat> channels_b;
  cv::split(to_levels(a), channels_a);
  cv::split(to_levels(b), channels_b);
  double sum = 0;
  for (size_t i = 0; i < channels_a.size(); ++i)
    sum += ssim_of_channel(channels_a[i], channels_b[i]);
  return sum / static_cast<double>(channels_a.size());
}

std::span<const MetricRow> metric_table() { return kMetrics; }

const MetricRow& metric_row(std::string_view name) {
  std::string names;
  for (const MetricRow& row : kMetrics) {
    if (row.name == name) return row;
    names += message(names.empty() ? "" : ", ", row.name);
  }
  throw Error(ErrorKind::kUsage, message("'", name, "' is no metric; expected one of ", names));
}

}  // namespace solstice
