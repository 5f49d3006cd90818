#pragma once

#include <opencv2/core/mat.hpp>
#include <span>
#include <string_view>

namespace solstice {

// Numbers from two images of the same size with 1 (grey) or 3 (RGB) channels. 8 bit is taken as it
// is, 16 bit is divided by 257, float stands for 8-bit levels (0 to 255, not rounded); the two may
// differ in depth. Everything is computed in double. Each throws Error(kInput) that says what was
// found when the images cannot be compared. Thread-safe.

/// Mean absolute difference of all values, in 8-bit levels: 0 (equal) to 255.
double l1(const cv::Mat& a, const cv::Mat& b);

/// Peak signal-to-noise ratio 10 log10(255^2 / MSE) in dB over all values; infinite when equal.
double psnr(const cv::Mat& a, const cv::Mat& b);

/// Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004): 11x11 Gaussian window of sigma
/// 1.5, only where it lies inside the image, C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2, variances
/// without Bessel's correction; the mean over each channel, then over channels. 1 when equal.
/// Refuses images with a side below 11.
double ssim(const cv::Mat& a, const cv::Mat& b);

enum class Better { kLower, kHigher };

struct MetricRow {
  std::string_view name;  ///< "psnr", as in --metrics
  std::string_view summary;
  Better better;
  double (*compute)(const cv::Mat& image, const cv::Mat& truth);
  int least_side = 1;  ///< pixels: it has no value for smaller images
};

/// One row a metric.
std::span<const MetricRow> metric_table();

/// The row of that name; throws Error(kUsage) that lists the names.
const MetricRow& metric_row(std::string_view name);

}  // namespace solstice
