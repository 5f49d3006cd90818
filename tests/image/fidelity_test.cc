#include <gtest/gtest.h>
#include <tiffio.h>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "image/codec.h"
#include "image/made_images.h"
#include "image/tiff_memory.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;
using testing::largest_difference;
using testing::made_image;
using testing::made_pixels;
using testing::png_of;
using testing::PngRecipe;

TEST(Fidelity, GivesAJpegItsOwnQualityAndSampling) {
  const Image image = made_image(64, 48, CV_8UC3);
  for (const ChromaSampling chroma :
       {ChromaSampling::k444, ChromaSampling::k422, ChromaSampling::k420}) {
    for (const int quality : {40, 85, 97}) {
      const std::string bytes = encode_image(image, {ImageFormat::kJpeg, quality, chroma});
      const Image first = decode_image(bytes);
      EXPECT_EQ(first.metadata.chroma, chroma);
      const Image second = decode_image(encode_image(first, {ImageFormat::kJpeg}));
      EXPECT_EQ(second.metadata.jpeg_quality, quality);
      EXPECT_EQ(second.metadata.chroma, chroma);
      const Image asked =
          decode_image(encode_image(first, {ImageFormat::kJpeg, 70, ChromaSampling::k422}));
      EXPECT_EQ(asked.metadata.jpeg_quality, 70);
      EXPECT_EQ(asked.metadata.chroma, ChromaSampling::k422);
    }
  }
}

TEST(Fidelity, GivesOtherPicturesJpegOf95WithFullChroma) {
  const Image png = decode_image(encode_image(made_image(32, 32, CV_8UC3), {}));
  const Image jpeg = decode_image(encode_image(png, {ImageFormat::kJpeg}));
  EXPECT_EQ(jpeg.metadata.jpeg_quality, 95);
  EXPECT_EQ(jpeg.metadata.chroma, ChromaSampling::k444);
}

TEST(Fidelity, WritesGreyWithAlphaAsItCame) {
  for (const int type : {CV_8UC4, CV_16UC4}) {
    Image image = made_image(24, 20, type);
    for (int to : {1, 2}) {
      const int from_to[] = {0, to};
      cv::mixChannels(&image.pixels, 1, &image.pixels, 1, from_to, 1);
    }
    EXPECT_FALSE(decode_image(encode_image(image, {ImageFormat::kPng})).metadata.grey_with_alpha)
        << "it came as RGBA";
    image.metadata.grey_with_alpha = true;
    for (const ImageFormat format : {ImageFormat::kPng, ImageFormat::kTiff}) {
      const Image back = decode_image(encode_image(image, {format}));
      EXPECT_TRUE(back.metadata.grey_with_alpha);
      EXPECT_EQ(largest_difference(back.pixels, image.pixels), 0);
    }
    EXPECT_EQ(read_header(encode_image(image, {ImageFormat::kJpeg})).channels, 1);
    EXPECT_EQ(read_header(encode_image(image, {ImageFormat::kWebp})).channels, 4);
    image.pixels.ptr(3)[1] ^= 1;
    const Image coloured = decode_image(encode_image(image, {ImageFormat::kPng}));
    EXPECT_FALSE(coloured.metadata.grey_with_alpha);
    EXPECT_EQ(largest_difference(coloured.pixels, image.pixels), 0);
  }
}

TEST(Fidelity, KeepsLosslessWebpLossless) {
  Image image = made_image(40, 30, CV_8UC4);
  image.pixels.at<cv::Vec4b>(3, 3)[3] = 0;  // the colour below must stay
  image.metadata.compression = Compression::kLossless;
  const Image first = decode_image(encode_image(image, {ImageFormat::kWebp}));
  EXPECT_EQ(first.metadata.compression, Compression::kLossless);
  EXPECT_EQ(largest_difference(first.pixels, image.pixels), 0);
  const Image second = decode_image(encode_image(first, {ImageFormat::kWebp}));
  EXPECT_EQ(largest_difference(second.pixels, image.pixels), 0);
  const Image lossy = decode_image(encode_image(first, {ImageFormat::kWebp, 80}));
  EXPECT_EQ(lossy.metadata.compression, Compression::kLossy);
}

TEST(Fidelity, ReadsWhatThereIsOfATruncatedFileWhenAccepted) {
  const Image image = made_image(200, 160, CV_8UC3);
  for (const ImageFormatRow& row : image_formats()) {
    if (row.format == ImageFormat::kTiff) continue;  // its directory stands behind the pixels
    const std::string bytes = encode_image(image, {row.format, 95});
    const std::string part = bytes.substr(0, bytes.size() * 2 / 3);
    EXPECT_TRUE(fails_with("is truncated", [&] { decode_image(part); })) << row.name;
    const Image whole = decode_image(bytes);
    const Image cut = decode_image(part, {.truncated = Truncated::kAccept});
    ASSERT_EQ(cut.pixels.size(), whole.pixels.size()) << row.name;
    EXPECT_EQ(cut.metadata.warnings.size(), 1U) << row.name;
    // A BMP's last row comes first.
    const cv::Range there = row.format == ImageFormat::kBmp ? cv::Range(80, 160) : cv::Range(0, 60);
    EXPECT_LE(largest_difference(cut.pixels.rowRange(there), whole.pixels.rowRange(there)), 4)
        << row.name;
    EXPECT_GT(largest_difference(cut.pixels, whole.pixels), 40) << row.name;
  }
}

TEST(Fidelity, TakesNoDamagedFileForATruncatedOne) {
  std::string bytes = encode_image(made_image(200, 160, CV_8UC3), {});
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  EXPECT_TRUE(
      fails_with("is damaged", [&] { decode_image(bytes, {.truncated = Truncated::kAccept}); }));
  EXPECT_TRUE(fails_with(
      "cut off", [&] { decode_image(bytes.substr(0, 20), {.truncated = Truncated::kAccept}); }));
}

TEST(Fidelity, ReadsGreysOfFewBitsLevelByLevel) {
  for (const int bits : {1, 2, 4}) {
    PngRecipe recipe;
    recipe.bit_depth = bits;
    recipe.width = 1 << bits;
    recipe.height = 1;
    recipe.rows = {std::vector<uint8_t>(static_cast<size_t>(recipe.width * bits + 7) / 8)};
    for (int level = 0; level < recipe.width; ++level) {
      const int at = level * bits;
      recipe.rows[0][static_cast<size_t>(at / 8)] = static_cast<uint8_t>(
          recipe.rows[0][static_cast<size_t>(at / 8)] | level << (8 - bits - at % 8));
    }
    const cv::Mat pixels = decode_image(png_of(recipe)).pixels;
    for (int level = 0; level < recipe.width; ++level) {
      EXPECT_EQ(pixels.at<uint8_t>(0, level), level * 255 / (recipe.width - 1)) << bits;
    }
  }
}

struct TiffRecipe {
  int bits = 8;
  int photometric = PHOTOMETRIC_RGB;
  int compression = COMPRESSION_NONE;
  int planar = PLANARCONFIG_CONTIG;
  bool tiled = false;
  const char* mode = "wl";
};

void set_fields(TIFF* tiff, const cv::Mat& samples, const TiffRecipe& recipe) {
  const int channels = samples.channels();
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, samples.cols);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, samples.rows);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, recipe.bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, channels);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, recipe.planar);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, recipe.photometric);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, recipe.compression);
  const bool has_alpha = channels == 2 || (channels == 4 && recipe.photometric == PHOTOMETRIC_RGB);
  const uint16_t straight = EXTRASAMPLE_UNASSALPHA;
  if (has_alpha) TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &straight);
}

/// Writes one plane, or all samples together, in strips of 5 rows or tiles of 16x16.
void write_parts(TIFF* tiff, const cv::Mat& plane, const TiffRecipe& recipe, uint32_t& index) {
  const int part = recipe.tiled ? 16 : 5;
  const int part_width = recipe.tiled ? 16 : plane.cols;
  if (recipe.tiled) {
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, part);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, part);
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, part);
  }
  for (int y = 0; y < plane.rows; y += part) {
    for (int x = 0; x < plane.cols; x += part_width) {
      const cv::Rect rect(x, y, std::min(part_width, plane.cols - x),
                          std::min(part, plane.rows - y));
      cv::Mat block = cv::Mat::zeros(recipe.tiled ? part : rect.height, part_width, plane.type());
      plane(rect).copyTo(block({0, 0, rect.width, rect.height}));
      const auto bytes = static_cast<tmsize_t>(block.total() * block.elemSize());
      recipe.tiled ? TIFFWriteEncodedTile(tiff, index++, block.data, bytes)
                   : TIFFWriteEncodedStrip(tiff, index++, block.data, bytes);
    }
  }
}

/// Samples, (height, width) with a channel each, as a file.
std::string tiff_of(const cv::Mat& samples, const TiffRecipe& recipe) {
  MemoryTiff file(recipe.mode);
  set_fields(file.handle(), samples, recipe);
  std::vector<cv::Mat> planes{samples};
  if (recipe.planar == PLANARCONFIG_SEPARATE) cv::split(samples, planes);
  uint32_t index = 0;
  for (const cv::Mat& plane : planes) write_parts(file.handle(), plane, recipe, index);
  TIFFFlush(file.handle());
  return file.take();
}

TEST(Fidelity, ReadsEveryLayoutOfTiffPixelByPixel) {
  int read = 0;
  for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3, CV_16UC4}) {
    const cv::Mat truth = made_pixels(37, 23, type);
    const bool grey = truth.channels() == 1;
    for (const int compression :
         {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS}) {
      for (const int planar : {PLANARCONFIG_CONTIG, PLANARCONFIG_SEPARATE}) {
        for (const bool tiled : {false, true}) {
          for (const char* mode : {"wl", "wb"}) {
            const std::string bytes =
                tiff_of(truth, {type % 8 == CV_16U ? 16 : 8,
                                grey ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB, compression,
                                planar, tiled, mode});
            EXPECT_EQ(largest_difference(decode_image(bytes).pixels, truth), 0)
                << type << ' ' << compression << ' ' << planar << ' ' << tiled << ' ' << mode;
            ++read;
          }
        }
      }
    }
  }
  EXPECT_EQ(read, 6 * 4 * 2 * 2 * 2);
}

TEST(Fidelity, ReadsGreyWithAlphaOfTiff) {
  for (const int type : {CV_8UC2, CV_16UC2}) {
    const cv::Mat samples = made_pixels(20, 10, type);
    for (const int photometric : {PHOTOMETRIC_MINISBLACK, PHOTOMETRIC_MINISWHITE}) {
      const int bits = type == CV_16UC2 ? 16 : 8;
      const Image image = decode_image(tiff_of(samples, {bits, photometric}));
      cv::Mat grey, alpha;
      cv::extractChannel(samples, grey, 0);
      cv::extractChannel(samples, alpha, 1);
      if (photometric == PHOTOMETRIC_MINISWHITE) grey = ~grey;
      cv::Mat truth;
      cv::merge(std::vector<cv::Mat>{grey, grey, grey, alpha}, truth);
      EXPECT_EQ(largest_difference(image.pixels, truth), 0);
    }
  }
}

TEST(Fidelity, ReadsCmykOfTiff) {
  const cv::Mat samples(4, 4, CV_8UC4, cv::Scalar(0, 127, 255, 51));
  const Image image = decode_image(tiff_of(samples, {8, PHOTOMETRIC_SEPARATED}));
  EXPECT_EQ(image.pixels.at<cv::Vec3b>(2, 2), cv::Vec3b(204, 102, 0));
  const cv::Mat deep(4, 4, CV_16UC4, cv::Scalar(0, 32767, 65535, 13107));
  const Image image16 = decode_image(tiff_of(deep, {16, PHOTOMETRIC_SEPARATED}));
  EXPECT_EQ(image16.pixels.at<cv::Vec3w>(2, 2), cv::Vec3w(52428, 26214, 0));
}

TEST(Fidelity, ReadsGreysOfFewBitsAndPalettesOfTiff) {
  for (const int bits : {1, 2, 4}) {
    // Packed by hand: a row of every level.
    cv::Mat row = cv::Mat::zeros(1, std::max(1, (1 << bits) * bits / 8), CV_8UC1);
    for (int level = 0; level < 1 << bits; ++level) {
      uint8_t& byte = row.at<uint8_t>(0, level * bits / 8);
      byte = static_cast<uint8_t>(byte | level << (8 - bits - level * bits % 8));
    }
    for (const int photometric :
         {PHOTOMETRIC_MINISBLACK, PHOTOMETRIC_MINISWHITE, PHOTOMETRIC_PALETTE}) {
      MemoryTiff file("wl");
      TIFF* tiff = file.handle();
      TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 1 << bits);
      TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
      TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
      TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric);
      std::vector<uint16_t> red, green(16, 256 * 209);  // spread by 257 and by 256
      for (int i = 0; i < 16; ++i) red.push_back(static_cast<uint16_t>(257 * (200 - i)));
      if (photometric == PHOTOMETRIC_PALETTE) {
        TIFFSetField(tiff, TIFFTAG_COLORMAP, red.data(), green.data(), red.data());
      }
      TIFFWriteEncodedStrip(tiff, 0, row.data, row.cols);
      TIFFFlush(tiff);
      const cv::Mat pixels = decode_image(file.take()).pixels;
      for (int level = 0; level < 1 << bits; ++level) {
        const int grey = level * 255 / ((1 << bits) - 1);
        if (photometric == PHOTOMETRIC_PALETTE) {
          const auto value = static_cast<uint8_t>(200 - level);
          EXPECT_EQ(pixels.at<cv::Vec3b>(0, level), cv::Vec3b(value, 209, value));
        } else {
          EXPECT_EQ(pixels.at<uint8_t>(0, level),
                    photometric == PHOTOMETRIC_MINISWHITE ? 255 - grey : grey);
        }
      }
    }
  }
}

TEST(Fidelity, ReadsJpegInsideTiff) {
  cv::Mat truth(32, 32, CV_8UC3, cv::Scalar(200, 100, 20));
  MemoryTiff file("wl");
  TIFF* tiff = file.handle();
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 32);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 32);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_JPEG);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_YCBCR);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 16);
  TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  for (uint32_t y = 0; y < 32; ++y) TIFFWriteScanline(tiff, truth.ptr(static_cast<int>(y)), y, 0);
  TIFFFlush(tiff);
  EXPECT_LE(largest_difference(decode_image(file.take()).pixels, truth), 5);
}

}  // namespace
}  // namespace solstice
