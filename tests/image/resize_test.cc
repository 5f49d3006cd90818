#include "image/resize.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "image/codec.h"
#include "image/made_images.h"
#include "image/npy.h"
#include "support/expect_error.h"
#include "support/shared_data.h"

namespace solstice {
namespace {

using testing::largest_difference;

void expect_equal_to_pillow(const char* name, int width, int height) {
  const std::filesystem::path folder = testing::shared_data() / "parity/o_image_io";
  const Image source = load_image((folder / "source.png").string());
  std::vector<uint8_t> truth = testing::read_npy<uint8_t>(folder / name);
  ASSERT_EQ(truth.size(), static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  const cv::Mat expected(height, width, CV_8UC3, truth.data());
  EXPECT_EQ(largest_difference(resize_bicubic(source.pixels, width, height), expected), 0);
}

TEST(Resize, EqualsPillowWhenShrinking) {
  SKIP_WITHOUT_SHARED_DATA("parity/o_image_io");
  expect_equal_to_pillow("resize_96_u8_hwc.npy", 96, 96);
  expect_equal_to_pillow("scale_width_128_u8_hwc.npy", 128, 90);
}

TEST(Resize, EqualsPillowWhenEnlarging) {
  SKIP_WITHOUT_SHARED_DATA("parity/o_image_io");
  expect_equal_to_pillow("resize_256_u8_hwc.npy", 256, 256);
  expect_equal_to_pillow("none_u8_hwc.npy", 212, 152);
}

/// A picture by formula, whose resized forms below were made by Pillow 13.0.0.
cv::Mat formula(int width, int height, int channels) {
  cv::Mat pixels(height, width, CV_8UC(channels));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        pixels.ptr<uint8_t>(y)[x * channels + c] =
            static_cast<uint8_t>(x * x * 7 + y * y * 13 + c * 90);
      }
    }
  }
  return pixels;
}

TEST(Resize, BeginsWithTheColumnsWherePillowDoes) {
  std::vector<uint8_t> truth{94,  114, 107, 152, 135, 117, 97,  99,  117, 147,
                             132, 127, 119, 130, 152, 131, 112, 146, 134, 154,
                             138, 98,  139, 92,  118, 135, 135, 135, 139, 115};
  const cv::Mat expected(5, 6, CV_8UC1, truth.data());
  EXPECT_EQ(largest_difference(resize_bicubic(formula(8, 40, 1), 6, 5), expected), 0);
}

TEST(Resize, WeighsColoursByAlphaAsPillowDoes) {
  std::vector<uint8_t> truth{0,   132, 245, 27,  94,  181, 81,  97,  165, 89,  100, 134,
                             154, 98,  87,  119, 148, 139, 106, 139, 168, 120, 103, 153,
                             167, 116, 129, 142, 147, 131, 118, 116, 190, 78,  131, 179,
                             162, 116, 122, 127, 146, 117, 124, 113, 140, 181, 116, 114};
  const cv::Mat expected(3, 4, CV_8UC4, truth.data());
  EXPECT_EQ(largest_difference(resize_bicubic(formula(9, 7, 4), 4, 3), expected), 0);
}

TEST(Resize, KeepsAPictureOfEqualSizeAndDoesNotShareIt) {
  const cv::Mat source = testing::made_pixels(31, 17, CV_8UC3);
  cv::Mat same = resize_bicubic(source, 31, 17);
  EXPECT_EQ(largest_difference(same, source), 0);
  EXPECT_NE(same.data, source.data);
}

TEST(Resize, KeepsAFlatColour) {
  for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4}) {
    const cv::Mat source(40, 60, type, cv::Scalar(10, 128, 255, 255));
    for (const cv::Size size : {cv::Size(7, 5), cv::Size(61, 39), cv::Size(200, 1)}) {
      const cv::Mat expected(size, type, cv::Scalar(10, 128, 255, 255));
      EXPECT_EQ(largest_difference(resize_bicubic(source, size.width, size.height), expected), 0);
    }
  }
}

TEST(Resize, DoesNotBleedTransparentColours) {
  cv::Mat source(8, 8, CV_8UC4, cv::Scalar(255, 0, 0, 0));
  source.colRange(0, 4).setTo(cv::Scalar(0, 0, 255, 255));
  const cv::Mat small = resize_bicubic(source, 3, 3);
  const cv::Vec4b edge = small.at<cv::Vec4b>(1, 1);
  EXPECT_GT(edge[3], 0);
  EXPECT_LT(edge[3], 255);
  EXPECT_EQ(edge[0], 0);
  EXPECT_GE(edge[2], 250);
}

TEST(Resize, RefusesSidesBelowOneAndOtherDepths) {
  const cv::Mat source = testing::made_pixels(4, 4, CV_8UC3);
  EXPECT_TRUE(testing::fails_with("4x4 to 0x4", [&] { resize_bicubic(source, 0, 4); }));
  EXPECT_TRUE(testing::fails_with("to 4x-1", [&] { resize_bicubic(source, 4, -1); }));
  const cv::Mat deep = testing::made_pixels(4, 4, CV_16UC3);
  EXPECT_TRUE(testing::fails_with("8-bit", [&] { resize_bicubic(deep, 2, 2); }));
}

}  // namespace
}  // namespace solstice
