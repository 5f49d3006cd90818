#include <gtest/gtest.h>

#include <filesystem>
#include <opencv2/core.hpp>

#include "core/files.h"
#include "image/codec.h"
#include "image/exif.h"
#include "image/made_images.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::big_endian;
using testing::exif_block;
using testing::fails_with;
using testing::little_endian;
using testing::made_image;
using testing::with_orientation;

std::string encoded(ImageFormat format, int width = 40, int height = 24, int type = CV_8UC3) {
  return encode_image(made_image(width, height, type), {format, 90});
}

TEST(ImageHeader, SaysWhatDecodingGives) {
  for (const ImageFormatRow& row : image_formats()) {
    for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3, CV_16UC4}) {
      const std::string bytes = encoded(row.format, 37, 23, type);
      const ImageHeader header = read_header(bytes);
      const cv::Mat pixels = decode_image(bytes).pixels;
      EXPECT_EQ(header.format, row.format);
      EXPECT_EQ(header.width, 37) << row.name;
      EXPECT_EQ(header.height, 23) << row.name;
      EXPECT_EQ(header.channels, pixels.channels()) << row.name << " type " << type;
      EXPECT_EQ(header.bits, pixels.depth() == CV_16U ? 16 : 8) << row.name;
      EXPECT_EQ(header.orientation, 1) << row.name;
    }
  }
}

TEST(ImageHeader, NamesWhatIsNoImage) {
  EXPECT_EQ(testing::error_of([] { read_header(""); }), "is empty");
  EXPECT_TRUE(fails_with("is text, not an image", [] { read_header("hello, world\n"); }));
  EXPECT_TRUE(
      fails_with("is a GIF image, which is not supported", [] { read_header("GIF89a\1\0\1\0"); }));
  EXPECT_TRUE(fails_with("is a HEIC image, which is not supported", [] {
    read_header(
        std::string_view("\0\0\0\x18"
                         "ftypheic\0\0\0\0",
                         16));
  }));
  EXPECT_TRUE(fails_with("is not an image", [] { read_header(std::string(100, '\0')); }));
  EXPECT_TRUE(fails_with("is not an image", [] { read_header("\xff"); }));
}

TEST(ImageHeader, SaysThatAHeaderIsCutOff) {
  for (const ImageFormatRow& row : image_formats()) {
    const std::string start = encoded(row.format).substr(0, 16);
    EXPECT_TRUE(fails_with("is cut off inside its header", [&] { read_header(start); }))
        << row.name;
  }
}

TEST(ImageHeader, ReadsOrientationInBothByteOrders) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(exif_orientation(exif_block(orientation, false)), orientation);
    EXPECT_EQ(exif_orientation(exif_block(orientation, true)), orientation);
    EXPECT_EQ(exif_orientation(std::string("Exif\0\0", 6) + exif_block(orientation)), orientation);
  }
}

TEST(ImageHeader, TakesDamagedExifAsUpright) {
  const std::string good = exif_block(6);
  EXPECT_EQ(exif_orientation(""), 1);
  EXPECT_EQ(exif_orientation(exif_block(0)), 1);
  EXPECT_EQ(exif_orientation(exif_block(9)), 1);
  EXPECT_EQ(exif_orientation(exif_block(60000)), 1);
  for (size_t length = 0; length < 20; ++length) {
    EXPECT_EQ(exif_orientation(good.substr(0, length)), 1) << length;
  }
  std::string far = good;
  far.replace(4, 4, "\xff\xff\xff\xff");  // the directory's offset
  EXPECT_EQ(exif_orientation(far), 1);
}

TEST(ImageHeader, GivesTheSizeAsSeen) {
  for (const ImageFormat format :
       {ImageFormat::kJpeg, ImageFormat::kPng, ImageFormat::kTiff, ImageFormat::kWebp}) {
    const std::string plain = encoded(format, 40, 24);
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const ImageHeader header = read_header(with_orientation(plain, format, orientation));
      EXPECT_EQ(header.orientation, orientation);
      EXPECT_EQ(header.width, orientation >= 5 ? 24 : 40);
      EXPECT_EQ(header.height, orientation >= 5 ? 40 : 24);
    }
  }
}

TEST(ImageHeader, RefusesSizesBeforeDecoding) {
  std::string bomb = encoded(ImageFormat::kPng);
  bomb.replace(16, 8, big_endian(60000, 4) + big_endian(60000, 4));
  EXPECT_EQ(read_header(bomb).pixels(), 3'600'000'000);
  EXPECT_TRUE(fails_with("has 60000x60000 pixels, more than the limit of 1000000000",
                         [&] { decode_image(bomb); }));
  bomb.replace(16, 8, big_endian(0x7fffffff, 4) + big_endian(0x7fffffff, 4));
  EXPECT_TRUE(fails_with("more than the limit", [&] { decode_image(bomb); }));
  bomb.replace(16, 4, big_endian(0xffffffff, 4));
  EXPECT_TRUE(fails_with("its header says 4294967295x", [&] { decode_image(bomb); }));
  std::string bmp = encoded(ImageFormat::kBmp);
  bmp.replace(18, 8, little_endian(50000, 4) + little_endian(0x80000000, 4));
  EXPECT_TRUE(fails_with("its header says 50000x2147483648", [&] { decode_image(bmp); }));
  const std::string plain = encoded(ImageFormat::kJpeg, 40, 24);
  DecodeOptions few;
  few.max_pixels = 40 * 24 - 1;
  EXPECT_TRUE(fails_with("has 40x24 pixels, more than the limit of 959",
                         [&] { decode_image(plain, few); }));
  few.max_pixels = 40 * 24;
  EXPECT_EQ(decode_image(plain, few).width(), 40);
}

TEST(ImageHeader, AgreesWithHalfTheBytesOfAnyFile) {
  for (const ImageFormatRow& row : image_formats()) {
    const std::string bytes = encoded(row.format, 64, 64);
    for (size_t length = 0; length < bytes.size(); length += 1 + length / 16) {
      try {
        const ImageHeader header = read_header(std::string_view(bytes).substr(0, length));
        EXPECT_EQ(header.width, 64) << row.name << " " << length;
      } catch (const Error&) {
        EXPECT_TRUE(row.format == ImageFormat::kTiff || length < 1200) << row.name << " " << length;
      }
    }
  }
}

TEST(ImageHeader, SurvivesEveryFileOfTheFuzzersCorpus) {
  int files = 0;
  const std::filesystem::path corpus =
      std::filesystem::path(SOLSTICE_SOURCE_DIR) / "tests/fuzz/corpus/image";
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    const std::string bytes = read_file(entry.path());
    try {
      EXPECT_GT(read_header(bytes).pixels(), 0) << entry.path();
      decode_image(bytes, {.max_pixels = 1'000'000});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << entry.path();
      EXPECT_STRNE(error.what(), "");
    }
    ++files;
  }
  EXPECT_GT(files, 10);
}

}  // namespace
}  // namespace solstice
