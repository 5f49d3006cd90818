#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "image/codec.h"
#include "image/made_images.h"

namespace solstice {
namespace {

using testing::largest_difference;
using testing::made_image;
using testing::with_orientation;

/// Where the pixel seen at (x, y) is stored, from the table of the EXIF standard: which corner of
/// the picture row 0 and column 0 are.
cv::Point stored_at(int orientation, int x, int y, int width, int height) {
  switch (orientation) {
    case 2:
      return {width - 1 - x, y};
    case 3:
      return {width - 1 - x, height - 1 - y};
    case 4:
      return {x, height - 1 - y};
    case 5:
      return {y, x};
    case 6:
      return {y, height - 1 - x};
    case 7:
      return {width - 1 - y, height - 1 - x};
    case 8:
      return {width - 1 - y, x};
    default:
      return {x, y};
  }
}

cv::Mat seen(const cv::Mat& stored, int orientation) {
  const bool swapped = orientation >= 5;
  cv::Mat result(swapped ? stored.cols : stored.rows, swapped ? stored.rows : stored.cols,
                 stored.type());
  const size_t pixel = stored.elemSize();
  for (int y = 0; y < result.rows; ++y) {
    for (int x = 0; x < result.cols; ++x) {
      const cv::Point from = stored_at(orientation, x, y, stored.cols, stored.rows);
      std::copy_n(stored.ptr(from.y) + static_cast<size_t>(from.x) * pixel, pixel,
                  result.ptr(y) + static_cast<size_t>(x) * pixel);
    }
  }
  return result;
}

void expect_all_orientations(ImageFormat format, int type) {
  // Taller than one TIFF strip, so that turning within strips would show.
  const std::string plain = encode_image(made_image(50, 301, type), {format, 90});
  const cv::Mat stored = decode_image(plain).pixels;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image image = decode_image(with_orientation(plain, format, orientation));
    EXPECT_EQ(largest_difference(image.pixels, seen(stored, orientation)), 0)
        << "orientation " << orientation;
  }
}

TEST(Orientation, IsAppliedOnceToJpeg) { expect_all_orientations(ImageFormat::kJpeg, CV_8UC3); }
TEST(Orientation, IsAppliedOnceToGreyJpeg) { expect_all_orientations(ImageFormat::kJpeg, CV_8UC1); }
TEST(Orientation, IsAppliedOnceToPng) { expect_all_orientations(ImageFormat::kPng, CV_8UC4); }
TEST(Orientation, IsAppliedOnceToPngOf16Bits) {
  expect_all_orientations(ImageFormat::kPng, CV_16UC3);
}
TEST(Orientation, IsAppliedOnceToTiff) { expect_all_orientations(ImageFormat::kTiff, CV_8UC3); }
TEST(Orientation, IsAppliedOnceToTiffOf16Bits) {
  expect_all_orientations(ImageFormat::kTiff, CV_16UC3);
}
TEST(Orientation, IsAppliedOnceToWebp) { expect_all_orientations(ImageFormat::kWebp, CV_8UC3); }

}  // namespace
}  // namespace solstice
