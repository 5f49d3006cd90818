#include "image/lab.h"

#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/core.hpp>
#include <vector>

#include "image/made_images.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::largest_difference;
using testing::made_pixels;

struct Published {
  cv::Vec3b rgb;
  cv::Vec3d lab;
};

/// By skimage.color.rgb2lab (scikit-image 0.26); red, green and blue also stand, within 0.003, in
/// Lindbloom's tables for sRGB and D65.
const std::vector<Published> kPublished{
    {{255, 0, 0}, {53.2406, 80.0923, 67.2028}},
    {{0, 255, 0}, {87.7351, -86.1830, 83.1797}},
    {{0, 0, 255}, {32.2957, 79.1856, -107.8573}},
    {{255, 255, 255}, {100, 0, 0}},
    {{0, 0, 0}, {0, 0, 0}},
    {{119, 119, 119}, {50.0344, 0, 0}},
    {{255, 255, 0}, {97.1395, -21.5547, 94.4781}},
    {{0, 255, 255}, {91.1133, -48.0906, -14.1263}},
    {{255, 0, 255}, {60.3235, 98.2331, -60.8210}},
    {{3, 2, 1}, {0.5869, 0.1224, 0.4706}},
    {{200, 120, 40}, {57.9123, 25.2952, 54.0828}},
    {{12, 60, 33}, {21.6511, -23.2957, 12.2264}},
};

TEST(Lab, EqualsPublishedTriples) {
  for (const auto& [rgb, lab] : kPublished) {
    for (const int depth : {CV_8U, CV_16U}) {
      cv::Mat pixel(1, 1, CV_8UC3, cv::Scalar(rgb[0], rgb[1], rgb[2]));
      if (depth == CV_16U) pixel.convertTo(pixel, CV_16U, 257);
      const auto found = lab_of(pixel).at<cv::Vec3f>(0, 0);
      for (int i = 0; i < 3; ++i) EXPECT_NEAR(found[i], lab[i], 0.01) << rgb << " " << i;
      EXPECT_NEAR(lightness_of(pixel).at<float>(0, 0), lab[0], 0.002) << rgb;
    }
  }
}

TEST(Lab, RefusesAlphaAndFloatPixels) {
  for (const int type : {CV_8UC4, CV_32FC3, CV_8UC2}) {
    const cv::Mat pixels(2, 2, type, cv::Scalar::all(0));
    EXPECT_TRUE(testing::fails_with("expected 1 or 3 of 8 or 16 bit", [&] { lab_of(pixels); }));
  }
}

TEST(Lab, ComesBackToTheLevelsItWasMadeFrom) {
  for (const int type : {CV_8UC3, CV_16UC3}) {
    const cv::Mat pixels = made_pixels(61, 43, type);
    std::vector<cv::Mat> planes;
    cv::split(lab_of(pixels), planes);
    cv::Mat ab;
    cv::merge(std::vector<cv::Mat>{planes[1], planes[2]}, ab);
    const double most = type == CV_8UC3 ? 0 : 1;
    EXPECT_LE(largest_difference(rgb_of_lab(planes[0], ab, pixels.depth()), pixels), most);
  }
}

cv::Mat all_greys(int depth) {
  cv::Mat greys(depth == CV_8U ? 1 : 256, 256, CV_MAKETYPE(depth, 1));
  for (int i = 0; i < static_cast<int>(greys.total()); ++i) {
    if (depth == CV_8U) greys.at<uint8_t>(0, i) = static_cast<uint8_t>(i);
    if (depth == CV_16U) greys.at<uint16_t>(i / 256, i % 256) = static_cast<uint16_t>(i);
  }
  return greys;
}

cv::Mat coloured(const cv::Mat& pixels, const cv::Mat& ab) {
  cv::Mat result(pixels.size(), CV_MAKETYPE(pixels.depth(), 3));
  write_coloured(pixels, ab, {0, pixels.rows}, result);
  return result;
}

TEST(Lab, GreyWithoutColoursStaysEveryLevel) {
  for (const int depth : {CV_8U, CV_16U}) {
    const cv::Mat greys = all_greys(depth);
    const cv::Mat result = coloured(greys, cv::Mat(3, 5, CV_32FC2, cv::Scalar::all(0)));
    cv::Mat channel;
    for (int c = 0; c < 3; ++c) {
      cv::extractChannel(result, channel, c);
      EXPECT_EQ(largest_difference(channel, greys), 0) << "channel " << c;
    }
  }
}

/// A grey level as bright as L.
double level_of(double lightness, double most) {
  const double f = (lightness + 16) / 116;
  const double y = f > 6 / 29.0 ? f * f * f : (f - 4 / 29.0) * 108 / 841;
  return most * (y <= 0.0031308 ? 12.92 * y : 1.055 * std::pow(y, 1 / 2.4) - 0.055);
}

TEST(Lab, NoColourMovesTheLightnessByALevel) {
  for (const int depth : {CV_8U, CV_16U}) {
    const cv::Mat greys = all_greys(depth);
    const double most = depth == CV_8U ? 255 : 65535;
    for (const cv::Scalar& ab : {cv::Scalar(110, 0), cv::Scalar(-110, 20), cv::Scalar(30, -110),
                                 cv::Scalar(15, 25), cv::Scalar(-5, 110)}) {
      const cv::Mat lightness = lightness_of(coloured(greys, cv::Mat(1, 1, CV_32FC2, ab)));
      for (int i = 0; i < static_cast<int>(greys.total()); ++i) {
        const double found = level_of(lightness.ptr<float>()[i], most);
        ASSERT_NEAR(found, i, 1) << "level " << i << " of depth " << depth << ", ab " << ab;
      }
    }
  }
}

TEST(Lab, AColourThatSrgbLacksKeepsItsHue) {
  const cv::Mat lightness(1, 1, CV_32FC1, cv::Scalar(60));
  const cv::Mat ab(1, 1, CV_32FC2, cv::Scalar(-100, 50));
  const auto found = lab_of(rgb_of_lab(lightness, ab, CV_16U)).at<cv::Vec3f>(0, 0);
  EXPECT_NEAR(found[0], 60, 0.01);
  EXPECT_NEAR(found[2] / found[1], -0.5, 0.001);
  EXPECT_LT(found[1], -30);  // not more than needed: the gamut's border at this L and hue
  EXPECT_GT(found[1], -100);
}

TEST(Lab, ColoursOfASmallerSizeAreSpreadSmoothly) {
  // A ramp of a over 8 pixels, spread over 64: a cubic through a straight line is the line.
  cv::Mat ab(1, 8, CV_32FC2);
  for (int x = 0; x < 8; ++x) ab.at<cv::Vec2f>(0, x) = {static_cast<float>(4 * x), 0};
  const cv::Mat greys(3, 64, CV_16UC1, cv::Scalar(30000));
  const cv::Mat found = lab_of(coloured(greys, ab));
  for (int x = 16; x < 48; ++x) {
    EXPECT_NEAR(found.at<cv::Vec3f>(1, x)[1], 4 * ((x + 0.5) / 8 - 0.5), 0.01) << x;
  }
}

TEST(Lab, RowsCanBeWrittenOneByOne) {
  const cv::Mat pixels = made_pixels(37, 29, CV_8UC3);
  cv::Mat ab(5, 4, CV_32FC2);
  cv::theRNG().state = 3;
  cv::randu(ab, cv::Scalar::all(-60), cv::Scalar::all(60));
  cv::Mat rows(pixels.size(), CV_8UC3);
  for (int y = 0; y < pixels.rows; ++y) write_coloured(pixels, ab, {y, y + 1}, rows);
  EXPECT_EQ(largest_difference(rows, coloured(pixels, ab)), 0);
}

}  // namespace
}  // namespace solstice
