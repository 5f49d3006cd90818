#include "image/imresize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/core.hpp>

#include "image/codec.h"
#include "support/expect_error.h"
#include "support/shared_data.h"

namespace solstice {
namespace {

TEST(Imresize, HalvesWithMatlabsEightTaps) {
  // 0.5 * h(0.5 d) at d = 0.5, 1.5, 2.5, 3.5 with h Keys' kernel of a = -0.5, by hand.
  const double taps[] = {0.43359375, 0.11328125, -0.03515625, -0.01171875};
  cv::Mat impulse(1, 32, CV_32F, cv::Scalar(0));
  impulse.at<float>(0, 16) = 1;
  const cv::Mat half = imresize(impulse, {16, 1});
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(half.at<float>(0, 8 - i), taps[i], 1e-7) << i;
    EXPECT_NEAR(half.at<float>(0, 7 - i), i < 3 ? taps[i + 1] : 0, 1e-7) << i;
  }
}

TEST(Imresize, DoublesWithMatlabsFourTaps) {
  // h at distances 0.25, 0.75, 1.25, 1.75.
  cv::Mat impulse(1, 16, CV_32F, cv::Scalar(0));
  impulse.at<float>(0, 8) = 1;
  const cv::Mat twice = imresize(impulse, {32, 1});
  const double taps[] = {-0.0703125, -0.0234375, 0.0, 0.0};
  EXPECT_NEAR(twice.at<float>(0, 16), 0.8671875, 1e-6);
  EXPECT_NEAR(twice.at<float>(0, 17), 0.8671875, 1e-6);
  EXPECT_NEAR(twice.at<float>(0, 18), 0.2265625, 1e-6);
  EXPECT_NEAR(twice.at<float>(0, 19), taps[0], 1e-6);
  EXPECT_NEAR(twice.at<float>(0, 20), taps[1], 1e-6);
}

TEST(Imresize, KeepsConstantsAndStraightLinesAndDepths) {
  for (const int depth : {CV_8U, CV_16U, CV_32F}) {
    const cv::Mat flat(7, 9, CV_MAKETYPE(depth, 3), cv::Scalar::all(200));
    for (const cv::Size size : {cv::Size(18, 14), cv::Size(4, 3), cv::Size(9, 21)}) {
      const cv::Mat result = imresize(flat, size);
      ASSERT_EQ(result.type(), flat.type());
      ASSERT_EQ(result.size(), size);
      EXPECT_LE(cv::norm(result, cv::Mat(size, flat.type(), cv::Scalar::all(200)), cv::NORM_INF),
                depth == CV_32F ? 1e-3 : 0);
    }
  }
  cv::Mat line(1, 40, CV_32F);
  for (int x = 0; x < 40; ++x) line.at<float>(0, x) = static_cast<float>(x);
  const cv::Mat quarter = imresize(line, {10, 1});
  for (int x = 3; x < 7; ++x) EXPECT_NEAR(quarter.at<float>(0, x), 4 * x + 1.5, 1e-4);
}

TEST(Imresize, RefusesWhatHasNoSize) {
  testing::expect_error(ErrorKind::kInput, "cannot resize an image of 4x4 to 0x2", [] {
    imresize(cv::Mat(4, 4, CV_8U, cv::Scalar(0)), {0, 2});
  });
}

/// MATLAB's rgb2ycbcr without its rounding.
cv::Mat luma(const cv::Mat& rgb) {
  cv::Mat y;
  rgb.convertTo(y, CV_64F);
  cv::transform(y, y, cv::Matx13d(65.481 / 255, 128.553 / 255, 24.966 / 255));
  return y + 16;
}

double psnr_of_bicubic(const std::string& file, int scale) {
  const cv::Mat image = load_image(file).pixels;
  const cv::Size size(image.cols / scale * scale, image.rows / scale * scale);
  const cv::Mat truth = image(cv::Rect({}, size));
  const cv::Mat again = imresize(imresize(truth, size / scale), size);
  const cv::Rect inner(scale, scale, size.width - 2 * scale, size.height - 2 * scale);
  cv::Mat error = luma(again)(inner) - luma(truth)(inner);
  return 10 * std::log10(255 * 255 / cv::mean(error.mul(error))[0]);
}

TEST(Imresize, GivesThePublishedBicubicFiguresOfSet5) {
  SKIP_WITHOUT_SHARED_DATA("set5/img_001.png");
  for (const auto& [scale, published] : {std::pair(2, 33.66), std::pair(4, 28.42)}) {
    double sum = 0;
    for (int i = 1; i <= 5; ++i) {
      sum += psnr_of_bicubic(
          (testing::shared_data() / ("set5/img_00" + std::to_string(i) + ".png")).string(), scale);
    }
    EXPECT_NEAR(sum / 5, published, 0.01) << scale;
  }
}

}  // namespace
}  // namespace solstice
