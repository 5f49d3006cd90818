#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "image/codec.h"
#include "image/made_images.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;
using testing::little_endian;
using testing::made_image;
using testing::png_chunk;

std::string encoded(ImageFormat format, int type = CV_8UC3) {
  return encode_image(made_image(200, 150, type), {format, 90});
}

TEST(DamagedImage, IsAnErrorAtEveryCutOfEveryFormat) {
  for (const ImageFormatRow& row : image_formats()) {
    const std::string bytes = encoded(row.format);
    ::testing::internal::CaptureStderr();
    for (const double part : {0.02, 0.05, 0.3, 0.5, 0.9, 0.99}) {
      const auto length = static_cast<size_t>(part * static_cast<double>(bytes.size()));
      EXPECT_TRUE(fails_with("is ", [&] { decode_image(bytes.substr(0, length)); }))
          << row.name << " cut to " << part;
    }
    EXPECT_TRUE(fails_with("is ", [&] { decode_image(bytes.substr(0, bytes.size() - 1)); }))
        << row.name << " without its last byte";
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << row.name;
  }
}

TEST(DamagedImage, IsCalledTruncatedWhereBytesAreMissing) {
  for (const ImageFormatRow& row : image_formats()) {
    if (row.format == ImageFormat::kTiff) continue;  // its directory, at the end, is cut off first
    const std::string bytes = encoded(row.format);
    EXPECT_EQ(testing::error_of([&] { decode_image(bytes.substr(0, bytes.size() / 2)); }),
              "is truncated")
        << row.name;
  }
}

TEST(DamagedImage, IsFoundInProgressiveAndGreyJpeg) {
  const std::string grey = encoded(ImageFormat::kJpeg, CV_8UC1);
  EXPECT_EQ(testing::error_of([&] { decode_image(grey.substr(0, grey.size() * 3 / 4)); }),
            "is truncated");
  std::string closed = grey.substr(0, grey.size() / 2) + "\xff\xd9";
  EXPECT_TRUE(fails_with("is damaged: Corrupt JPEG data", [&] { decode_image(closed); }));
}

TEST(DamagedImage, IsFoundByThePngChecksum) {
  std::string bytes = encoded(ImageFormat::kPng);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  EXPECT_TRUE(fails_with("is damaged", [&] { decode_image(bytes); }));
}

TEST(DamagedImage, NamesKindsThatAreNotSupported) {
  std::string deep = encoded(ImageFormat::kJpeg);
  deep[deep.find("\xff\xc0") + 4] = 12;
  EXPECT_EQ(read_header(deep).bits, 12);
  EXPECT_TRUE(fails_with("12 bits per channel; only 8", [&] { decode_image(deep); }));

  const std::string png = encoded(ImageFormat::kPng);
  const std::string animated =
      png.substr(0, 33) + png_chunk("acTL", std::string(8, '\1')) + png.substr(33);
  EXPECT_TRUE(fails_with("is an animated PNG", [&] { read_header(animated); }));

  const std::string webp = "RIFF" + little_endian(22, 4) + "WEBPVP8X" + little_endian(10, 4) +
                           little_endian(0x02, 4) + std::string(6, '\0');
  EXPECT_TRUE(fails_with("is an animated WebP", [&] { read_header(webp); }));
}

/// A TIFF whose directory is written again at its end with `change` made to one value.
std::string tiff_with(uint32_t tag, uint32_t value) {
  std::string tiff = encoded(ImageFormat::kTiff, CV_8UC1);
  const auto number = [&](size_t at, int bytes) {
    uint32_t result = 0;
    for (int i = bytes - 1; i >= 0; --i) {
      result = result << 8 | static_cast<unsigned char>(tiff[at + static_cast<size_t>(i)]);
    }
    return result;
  };
  const size_t directory = number(4, 4);
  for (uint32_t i = 0; i < number(directory, 2); ++i) {
    const size_t entry = directory + 2 + size_t{i} * 12;
    if (number(entry, 2) == tag) tiff.replace(entry + 8, 4, little_endian(value, 4));
  }
  return tiff;
}

TEST(DamagedImage, NamesKindsOfTiffThatAreNotSupported) {
  EXPECT_EQ(read_header(tiff_with(0, 0)).channels, 1);
  EXPECT_TRUE(fails_with("32 bits per channel", [] { read_header(tiff_with(258, 32)); }));
  EXPECT_TRUE(fails_with("photometric kind 8", [] { read_header(tiff_with(262, 8)); }));
  EXPECT_TRUE(fails_with("5 channels", [] { read_header(tiff_with(277, 5)); }));
  std::string pages = tiff_with(0, 0);
  const size_t first = pages.size();
  const std::string again = little_endian(1, 2) + little_endian(256, 2) + little_endian(3, 2) +
                            little_endian(1, 4) + little_endian(9, 4) + little_endian(0, 4);
  const size_t directory = static_cast<unsigned char>(pages[4]) |
                           static_cast<size_t>(static_cast<unsigned char>(pages[5])) << 8 |
                           static_cast<size_t>(static_cast<unsigned char>(pages[6])) << 16;
  const size_t entries = static_cast<unsigned char>(pages[directory]);
  pages += again;
  pages.replace(directory + 2 + entries * 12, 4, little_endian(static_cast<uint32_t>(first), 4));
  EXPECT_TRUE(fails_with("with several pages", [&] { decode_image(pages); }));
}

TEST(DamagedImage, NeverGetsAnExceptionOfALibraryOut) {
  for (const ImageFormatRow& row : image_formats()) {
    const std::string good = encoded(row.format, CV_8UC4);
    for (size_t at = 0; at < good.size(); at += 1 + good.size() / 150) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
      try {
        EXPECT_FALSE(decode_image(bytes, {.max_pixels = 1'000'000}).pixels.empty());
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInput) << row.name << " byte " << at;
      }
    }
  }
}

}  // namespace
}  // namespace solstice
