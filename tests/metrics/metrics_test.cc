#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "metrics/made_pictures.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::distorted;
using testing::fails_with;
using testing::picture;

cv::Mat to_16_bit(const cv::Mat& pixels, double added = 0) {
  cv::Mat wide;
  pixels.convertTo(wide, CV_16U, 257, added);
  return wide;
}

// What scikit-image 0.26.0 (numpy 2.4.6) says of the same pictures: peak_signal_noise_ratio with
// data_range 255 and, of every channel, structural_similarity(gaussian_weights=True, sigma=1.5,
// use_sample_covariance=False, data_range=255, full=True)[1][5:-5, 5:-5].mean().
struct Known {
  cv::Mat image;
  int strength;
  double l1, psnr, ssim;
};

TEST(Metrics, AgreeWithScikitImage) {
  const Known rows[] = {
      {picture(48, 40, 3), 1, 5.23333333333333, 32.4920392316408, 0.956048685447889},
      {picture(48, 40, 3), 6, 31.3828125, 16.9353254436402, 0.430133297918082},
      {picture(37, 11, 1), 3, 15.9213759213759, 22.8636015679642, 0.700010926671632},
  };
  for (const Known& known : rows) {
    const cv::Mat other = distorted(known.image, known.strength);
    EXPECT_NEAR(l1(known.image, other), known.l1, 1e-12);
    EXPECT_NEAR(psnr(known.image, other), known.psnr, 1e-12);
    EXPECT_NEAR(ssim(known.image, other), known.ssim, 1e-12);
  }
}

TEST(Metrics, TakeSixteenBitsAtTheirPrecision) {
  const cv::Mat image = picture(48, 40, 3);
  const cv::Mat other = to_16_bit(distorted(image, 1), 100);
  // As above, of uint16 arrays with data_range 65535.
  EXPECT_NEAR(l1(to_16_bit(image), other), 5.25278858625162, 1e-12);
  EXPECT_NEAR(psnr(to_16_bit(image), other), 32.4741271641998, 1e-12);
  EXPECT_NEAR(ssim(to_16_bit(image), other), 0.956044915683726, 1e-12);
  EXPECT_NEAR(ssim(image, other), 0.956044915683726, 1e-12) << "and next to 8 bit";
}

TEST(Metrics, TakeFloatAsLevels) {
  cv::Mat real;
  picture(48, 40, 3).convertTo(real, CV_32F, 1, 0.25);
  EXPECT_NEAR(l1(real, picture(48, 40, 3)), 0.25, 1e-12);
  EXPECT_NEAR(psnr(real, picture(48, 40, 3)), 20 * std::log10(255 / 0.25), 1e-12);
}

TEST(Metrics, KnowEqualAndOppositeImages) {
  const cv::Mat image = picture(16, 16, 3);
  EXPECT_EQ(l1(image, image), 0);
  EXPECT_EQ(psnr(image, image), std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(ssim(image, image), 1);
  const cv::Mat black = cv::Mat::zeros(16, 16, CV_8UC1);
  const cv::Mat white(16, 16, CV_8UC1, cv::Scalar(255));
  EXPECT_EQ(l1(black, white), 255);
  EXPECT_EQ(psnr(black, white), 0);
  const double c1 = 0.01 * 255 * 0.01 * 255;  // only the means differ
  EXPECT_NEAR(ssim(black, white), c1 / (255 * 255 + c1), 1e-12);
}

TEST(Metrics, RefuseImagesThatCannotBeCompared) {
  const cv::Mat image = picture(16, 16, 3);
  EXPECT_TRUE(fails_with("one is 16x16 with 3 channels, the other 16x15 with 3 channels",
                         [&] { (void)psnr(image, image.rowRange(0, 15)); }));
  EXPECT_TRUE(
      fails_with("the other 16x16 with 1 channels", [&] { (void)l1(image, picture(16, 16, 1)); }));
  EXPECT_TRUE(
      fails_with("without alpha", [] { (void)l1(picture(16, 16, 4), picture(16, 16, 4)); }));
  EXPECT_TRUE(fails_with("16x10 with 3 channels; ssim needs sides of 11 or more",
                         [&] { (void)ssim(image.rowRange(0, 10), image.rowRange(0, 10)); }));
  EXPECT_TRUE(fails_with("is empty", [&] { (void)l1(cv::Mat(), image); }));
  const cv::Mat integers = cv::Mat::zeros(16, 16, CV_32S);
  EXPECT_TRUE(fails_with("neither 8 or 16 bit", [&] { (void)l1(integers, integers); }));
}

TEST(MetricTable, NamesEveryMetricAndTheBetterWay) {
  const cv::Mat image = picture(32, 32, 3);
  std::set<std::string_view> names;
  for (const MetricRow& row : metric_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.summary.empty());
    EXPECT_EQ(&metric_row(row.name), &row);
    const double near = row.compute(distorted(image, 1), image);
    const double far = row.compute(distorted(image, 5), image);
    EXPECT_EQ(near > far, row.better == Better::kHigher) << row.name;
  }
  EXPECT_TRUE(fails_with("'lpips' is no metric; expected one of l1, psnr, ssim",
                         [] { (void)metric_row("lpips"); }));
}

}  // namespace
}  // namespace solstice
