#include "image/codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>
#include <thread>
#include <vector>

#include "core/files.h"
#include "image/indexed_png.h"
#include "image/made_images.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

using testing::cmyk_jpeg;
using testing::fails_with;
using testing::largest_difference;
using testing::made_image;
using testing::made_pixels;
using testing::png_of;
using testing::PngRecipe;

Image through(ImageFormat format, const Image& image, int quality = 95) {
  return decode_image(encode_image(image, {format, quality}));
}

TEST(Codec, KeepsEveryPixelOfLosslessFormats) {
  for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3, CV_16UC4}) {
    const Image image = made_image(37, 23, type);
    EXPECT_EQ(largest_difference(through(ImageFormat::kPng, image).pixels, image.pixels), 0);
    EXPECT_EQ(largest_difference(through(ImageFormat::kTiff, image).pixels, image.pixels), 0)
        << "type " << type;
  }
  for (const int type : {CV_8UC1, CV_8UC3}) {
    const Image image = made_image(37, 23, type);
    EXPECT_EQ(largest_difference(through(ImageFormat::kBmp, image).pixels, image.pixels), 0);
  }
}

TEST(Codec, LeavesThePixelsItEncodesAsTheyAre) {
  for (const ImageFormatRow& row : image_formats()) {
    for (const int type : {CV_8UC3, CV_8UC4, CV_16UC3}) {
      const Image image = made_image(9, 9, type);
      encode_image(image, {row.format, 95});
      EXPECT_EQ(largest_difference(image.pixels, testing::made_pixels(9, 9, type)), 0) << row.name;
    }
  }
}

TEST(Codec, KeepsColoursOfLossyFormatsInTheirOrder) {
  for (const ImageFormat format : {ImageFormat::kJpeg, ImageFormat::kWebp}) {
    Image image;
    image.pixels = cv::Mat(48, 64, CV_8UC3, cv::Scalar(200, 100, 20));
    EXPECT_LE(largest_difference(through(format, image, 98).pixels, image.pixels), 4);
  }
}

/// An uncompressed little-endian RGBA TIFF of one pixel.
std::string tiff_pixel(const std::string& rgba, uint32_t extra_samples) {
  using testing::little_endian;
  const auto entry = [](uint32_t tag, uint32_t count, uint32_t value) {
    return little_endian(tag, 2) + little_endian(3, 2) + little_endian(count, 4) +
           little_endian(value, 4);
  };
  return "II" + little_endian(42, 2) + little_endian(20, 4) + rgba + little_endian(0x00080008, 4) +
         little_endian(0x00080008, 4) + little_endian(10, 2) + entry(256, 1, 1) + entry(257, 1, 1) +
         entry(258, 4, 12) + entry(259, 1, 1) + entry(262, 1, 2) + entry(273, 1, 8) +
         entry(277, 1, 4) + entry(278, 1, 1) + entry(279, 1, 4) + entry(338, 1, extra_samples) +
         little_endian(0, 4);
}

TEST(Codec, ReadsStraightAndPremultipliedAlphaOfTiff) {
  const std::string rgba = "\x40\x20\x10\x80";
  const cv::Mat straight = decode_image(tiff_pixel(rgba, 2)).pixels;
  EXPECT_EQ(straight.at<cv::Vec4b>(0, 0), cv::Vec4b(0x40, 0x20, 0x10, 0x80));
  const cv::Mat premultiplied = decode_image(tiff_pixel(rgba, 1)).pixels;
  EXPECT_EQ(premultiplied.at<cv::Vec4b>(0, 0), cv::Vec4b(128, 64, 32, 0x80));
}

TEST(Codec, ChoosesFullChromaFromQuality90) {
  Image image;  // one-pixel columns of red and blue, which halved chroma cannot hold
  image.pixels = cv::Mat(32, 32, CV_8UC3, cv::Scalar(255, 0, 0));
  for (int x = 0; x < 32; x += 2) image.pixels.col(x).setTo(cv::Scalar(0, 0, 255));
  EXPECT_LT(largest_difference(through(ImageFormat::kJpeg, image, 95).pixels, image.pixels), 40);
  EXPECT_GT(largest_difference(through(ImageFormat::kJpeg, image, 89).pixels, image.pixels), 80);
}

TEST(Codec, KeepsGreyJpegGrey) {
  const Image image = made_image(40, 30, CV_8UC1);
  const Image back = through(ImageFormat::kJpeg, image);
  EXPECT_EQ(back.pixels.type(), CV_8UC1);
  EXPECT_LE(largest_difference(back.pixels, image.pixels), 20);
}

TEST(Codec, RoundsSixteenBitsWhereTheFormatHasEight) {
  Image image;
  image.pixels = cv::Mat(8, 8, CV_16UC3, cv::Scalar(128 * 257 + 128, 128 * 257 + 129, 65535));
  const cv::Vec3b pixel = through(ImageFormat::kBmp, image).pixels.at<cv::Vec3b>(3, 3);
  EXPECT_EQ(pixel, cv::Vec3b(128, 129, 255));
  EXPECT_EQ(through(ImageFormat::kJpeg, image).pixels.type(), CV_8UC3);
  EXPECT_EQ(through(ImageFormat::kWebp, image).pixels.type(), CV_8UC3);
}

TEST(Codec, ComposesAlphaOnWhiteWhereTheFormatHasNone) {
  Image image;
  image.pixels = cv::Mat(8, 8, CV_8UC4, cv::Scalar(100, 0, 50, 0));
  EXPECT_EQ(through(ImageFormat::kBmp, image).pixels.at<cv::Vec3b>(0, 0), cv::Vec3b(255, 255, 255));
  image.pixels.setTo(cv::Scalar(100, 0, 50, 51));
  EXPECT_EQ(through(ImageFormat::kBmp, image).pixels.at<cv::Vec3b>(0, 0), cv::Vec3b(224, 204, 214));
  EXPECT_EQ(through(ImageFormat::kJpeg, image).pixels.channels(), 3);
}

TEST(Codec, KeepsAlphaInWebp) {
  Image image;
  image.pixels = cv::Mat(16, 16, CV_8UC4, cv::Scalar(10, 200, 30, 77));
  const Image back = through(ImageFormat::kWebp, image);
  ASSERT_EQ(back.pixels.type(), CV_8UC4);
  EXPECT_EQ(back.pixels.at<cv::Vec4b>(5, 5)[3], 77);
  EXPECT_NEAR(back.pixels.at<cv::Vec4b>(5, 5)[1], 200, 6);
}

TEST(Codec, ReadsImagesOfOnePixel) {
  for (const ImageFormatRow& row : image_formats()) {
    const Image image = made_image(1, 1, CV_8UC3);
    const Image back = through(row.format, image);
    EXPECT_EQ(back.pixels.size(), cv::Size(1, 1)) << row.name;
  }
}

TEST(Codec, ExpandsPalettesAndTheirTransparency) {
  PngRecipe recipe;
  recipe.width = 2;
  recipe.height = 1;
  recipe.bit_depth = 1;
  recipe.colour_type = 3;
  recipe.palette = {1, 2, 3, 250, 251, 252};
  recipe.rows = {{0x40}};
  const std::string opaque = png_of(recipe);
  EXPECT_EQ(read_header(opaque).channels, 3);
  EXPECT_EQ(decode_image(opaque).pixels.at<cv::Vec3b>(0, 0), cv::Vec3b(1, 2, 3));
  EXPECT_EQ(decode_image(opaque).pixels.at<cv::Vec3b>(0, 1), cv::Vec3b(250, 251, 252));
  recipe.palette_alpha = {9};
  const std::string transparent = png_of(recipe);
  EXPECT_EQ(read_header(transparent).channels, 4);
  EXPECT_EQ(decode_image(transparent).pixels.at<cv::Vec4b>(0, 0), cv::Vec4b(1, 2, 3, 9));
  EXPECT_EQ(decode_image(transparent).pixels.at<cv::Vec4b>(0, 1), cv::Vec4b(250, 251, 252, 255));
}

TEST(IndexedPng, KeepsNumbersColoursAndTransparencyWhenEnlarged) {
  PngRecipe recipe;
  recipe.width = 2;
  recipe.height = 1;
  recipe.bit_depth = 1;
  recipe.colour_type = 3;
  recipe.palette = {1, 2, 3, 1, 2, 3};  // two classes of one colour
  recipe.palette_alpha = {9};
  recipe.rows = {{0x40}};
  const std::string small = png_of(recipe);
  ASSERT_TRUE(is_indexed_png(small));
  recipe.width = 4;
  recipe.height = 2;
  recipe.bit_depth = 8;
  recipe.rows = {{0, 0, 1, 1}, {0, 0, 1, 1}};
  const std::string large = enlarge_indexed_png(small, 2);
  EXPECT_TRUE(is_indexed_png(large));
  // Colours would not tell the classes apart: once more by 1 must not change a byte.
  EXPECT_EQ(large, enlarge_indexed_png(png_of(recipe), 1));
  EXPECT_EQ(decode_image(large).pixels.at<cv::Vec4b>(1, 1), cv::Vec4b(1, 2, 3, 9));
  EXPECT_EQ(decode_image(large).pixels.at<cv::Vec4b>(1, 2), cv::Vec4b(1, 2, 3, 255));
  EXPECT_TRUE(fails_with("truncated", [&] { enlarge_indexed_png(small.substr(0, 70), 2); }));
  EXPECT_FALSE(is_indexed_png(encode_image(made_image(3, 2, CV_8UC3), {ImageFormat::kPng})));
}

TEST(Codec, ReadsGreyWithAlphaAndFewBits) {
  PngRecipe alpha;
  alpha.width = 1;
  alpha.height = 1;
  alpha.bit_depth = 16;
  alpha.colour_type = 4;
  alpha.rows = {{0x12, 0x34, 0xab, 0xcd}};
  const cv::Mat pixels = decode_image(png_of(alpha)).pixels;
  ASSERT_EQ(pixels.type(), CV_16UC4);
  EXPECT_EQ(pixels.at<cv::Vec4w>(0, 0), cv::Vec4w(0x1234, 0x1234, 0x1234, 0xabcd));
  PngRecipe few;
  few.width = 2;
  few.height = 1;
  few.bit_depth = 4;
  few.rows = {{0x0f}};
  const cv::Mat grey = decode_image(png_of(few)).pixels;
  ASSERT_EQ(grey.type(), CV_8UC1);
  EXPECT_EQ(grey.at<uint8_t>(0, 0), 0);
  EXPECT_EQ(grey.at<uint8_t>(0, 1), 255);
}

TEST(Codec, ReadsInterlacedPng) {
  PngRecipe recipe;
  recipe.width = 19;
  recipe.height = 13;
  recipe.interlaced = true;
  const cv::Mat truth = made_pixels(19, 13, CV_8UC1);
  for (int y = 0; y < 13; ++y) {
    recipe.rows.emplace_back(truth.ptr<uint8_t>(y), truth.ptr<uint8_t>(y) + 19);
  }
  EXPECT_EQ(largest_difference(decode_image(png_of(recipe)).pixels, truth), 0);
}

TEST(Codec, ConvertsInvertedCmykToRgb) {
  for (const bool ycck : {false, true}) {
    // Inverted: no cyan, half magenta, full yellow, a fifth of black.
    const std::string bytes = cmyk_jpeg(16, 16, {255, 128, 0, 204}, ycck);
    EXPECT_EQ(read_header(bytes).channels, 3);
    const cv::Vec3b pixel = decode_image(bytes).pixels.at<cv::Vec3b>(8, 8);
    EXPECT_NEAR(pixel[0], 204, 3);
    EXPECT_NEAR(pixel[1], 102, 3);
    EXPECT_NEAR(pixel[2], 0, 3);
  }
}

TEST(Codec, TellsTheQualityOfEveryJpeg) {
  const Image image = made_image(16, 16, CV_8UC3);
  for (int quality = 1; quality <= 100; ++quality) {
    EXPECT_EQ(through(ImageFormat::kJpeg, image, quality).metadata.jpeg_quality, quality);
  }
  EXPECT_EQ(through(ImageFormat::kPng, image).metadata.jpeg_quality, 0);
  EXPECT_EQ(through(ImageFormat::kPng, image).metadata.format, ImageFormat::kPng);
}

TEST(Codec, NamesTheSideAFormatCannotHold) {
  Image wide;
  wide.pixels = cv::Mat(1, 70000, CV_8UC3, cv::Scalar(1, 2, 3));
  EXPECT_TRUE(fails_with("a side of a JPEG is at most 65500", [&] {
    encode_image(wide, {ImageFormat::kJpeg, 90});
  }));
  EXPECT_TRUE(fails_with("a side of a WebP is at most 16383", [&] {
    encode_image(wide, {ImageFormat::kWebp, 90});
  }));
  EXPECT_EQ(through(ImageFormat::kPng, wide).width(), 70000);
  EXPECT_EQ(through(ImageFormat::kTiff, wide).width(), 70000);
}

TEST(Codec, RefusesWhatIsNoPicture) {
  EXPECT_TRUE(fails_with("no pixels", [] { encode_image(Image{}, {}); }));
  Image floats;
  floats.pixels = cv::Mat(2, 2, CV_32FC3, cv::Scalar::all(0));
  EXPECT_TRUE(fails_with("expected 1, 3 or 4", [&] { encode_image(floats, {}); }));
}

TEST(Codec, KnowsFormatsByExtensionInAnyCase) {
  EXPECT_EQ(format_of_extension(".JPG"), ImageFormat::kJpeg);
  EXPECT_EQ(format_of_extension(".tiff"), ImageFormat::kTiff);
  EXPECT_EQ(format_of_extension(".gif"), std::nullopt);
  EXPECT_EQ(format_of_extension(""), std::nullopt);
  for (const ImageFormatRow& row : image_formats()) {
    EXPECT_EQ(format_of_extension(extension_of(row.format)), row.format);
  }
}

TEST(Codec, LoadsByContentAndSavesByExtension) {
  const testing::TemporaryDirectory directory;
  const Image image = made_image(20, 10, CV_8UC3);
  const std::string path = (directory / "really-a-png.jpg").string();
  write_file_atomically(path, encode_image(image, {ImageFormat::kPng, 95}));
  EXPECT_EQ(largest_difference(load_image(path).pixels, image.pixels), 0);
  for (const ImageFormatRow& row : image_formats()) {
    const std::string saved = (directory / ("saved" + std::string(row.extensions[0]))).string();
    save_image(saved, image);
    EXPECT_EQ(read_header(read_file(saved)).format, row.format);
  }
}

TEST(Codec, PutsTheFileNameInFrontOfErrors) {
  const testing::TemporaryDirectory directory;
  const std::string path = (directory / "empty.png").string();
  write_file_atomically(path, "");
  EXPECT_EQ(testing::error_of([&] { load_image(path); }), path + ": is empty");
  EXPECT_TRUE(fails_with("x.gif: its extension",
                         [&] { save_image((directory / "x.gif").string(), Image{}); }));
  EXPECT_TRUE(fails_with("empty.png: image has no pixels", [&] { save_image(path, Image{}); }));
}

TEST(Codec, DecodesTheSameFromManyThreadsAtOnce) {
  const Image image = made_image(120, 80, CV_8UC3);
  for (const ImageFormatRow& row : image_formats()) {
    const std::string bytes = encode_image(image, {row.format, 90});
    const cv::Mat truth = decode_image(bytes).pixels;
    std::array<double, 4> differences{};
    {
      std::vector<std::jthread> threads;
      for (double& difference : differences) {
        threads.emplace_back([&difference, &bytes, &truth] {
          for (int i = 0; i < 10; ++i) {
            difference =
                std::max(difference, largest_difference(decode_image(bytes).pixels, truth));
          }
        });
      }
    }
    for (const double difference : differences) EXPECT_EQ(difference, 0) << row.name;
  }
}

}  // namespace
}  // namespace solstice
