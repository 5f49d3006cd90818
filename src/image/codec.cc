#include "image/codec.h"

#include <algorithm>
#include <new>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "core/names.h"
#include "image/exif.h"
#include "image/formats.h"

namespace solstice {
namespace {

cv::Mat decode_stored(std::string_view bytes, const ImageHeader& stored, ImageMetadata& metadata) {
  switch (stored.format) {
    case ImageFormat::kJpeg:
      return decode_jpeg(bytes, stored, metadata.jpeg_quality);
    case ImageFormat::kPng:
      return decode_png(bytes, stored);
    case ImageFormat::kWebp:
      return decode_webp(bytes, stored);
    case ImageFormat::kTiff:
      return decode_tiff(bytes, stored);
    case ImageFormat::kBmp:
      return decode_bmp(bytes, stored);
  }
  throw Error(ErrorKind::kInput, "has an unknown format");
}

void check_against_header(const cv::Mat& pixels, const ImageHeader& stored) {
  const int depth = stored.bits == 16 ? CV_16U : CV_8U;
  if (pixels.cols != stored.width || pixels.rows != stored.height ||
      pixels.type() != CV_MAKETYPE(depth, stored.channels)) {
    throw Error(ErrorKind::kInput,
                message("is damaged: its header says ", stored.width, "x", stored.height, " with ",
                        stored.channels, " channels of ", stored.bits, " bits, its pixels are ",
                        pixels.cols, "x", pixels.rows, " with ", pixels.channels(), " of ",
                        pixels.elemSize1() * 8));
  }
}

cv::Mat in_8_bit(const cv::Mat& pixels) {
  if (pixels.depth() == CV_8U) return pixels;
  cv::Mat result(pixels.size(), CV_8UC(pixels.channels()));
  const int row = pixels.cols * pixels.channels();
  for (int y = 0; y < pixels.rows; ++y) {
    const uint16_t* in = pixels.ptr<uint16_t>(y);
    uint8_t* out = result.ptr<uint8_t>(y);
    for (int i = 0; i < row; ++i) out[i] = static_cast<uint8_t>((in[i] + 128U) / 257U);
  }
  return result;
}

cv::Mat composed_on_white(const cv::Mat& pixels) {
  if (pixels.channels() != 4) return pixels;
  cv::Mat result(pixels.size(), CV_8UC3);
  for (int y = 0; y < pixels.rows; ++y) {
    const uint8_t* in = pixels.ptr<uint8_t>(y);
    uint8_t* out = result.ptr<uint8_t>(y);
    for (int x = 0; x < pixels.cols; ++x, in += 4, out += 3) {
      for (int c = 0; c < 3; ++c) {
        out[c] = static_cast<uint8_t>((in[c] * in[3] + 255 * (255 - in[3]) + 127) / 255);
      }
    }
  }
  return result;
}

void check_can_be_encoded(const cv::Mat& pixels) {
  const int channels = pixels.channels();
  if (pixels.empty() || pixels.dims != 2) throw Error(ErrorKind::kOutput, "image has no pixels");
  if ((pixels.depth() != CV_8U && pixels.depth() != CV_16U) ||
      (channels != 1 && channels != 3 && channels != 4)) {
    throw Error(ErrorKind::kOutput, message("image of ", channels, " channels of OpenCV depth ",
                                            pixels.depth(), ", expected 1, 3 or 4 of 8 or 16 bit"));
  }
}

std::string encode_checked(const cv::Mat& pixels, const EncodeOptions& options) {
  const int quality = std::clamp(options.quality, 1, 100);
  switch (options.format) {
    case ImageFormat::kJpeg:
      return encode_jpeg(composed_on_white(in_8_bit(pixels)), quality);
    case ImageFormat::kPng:
      return encode_png(pixels);
    case ImageFormat::kWebp:
      return encode_webp(in_8_bit(pixels), quality);
    case ImageFormat::kTiff:
      return encode_tiff(pixels);
    case ImageFormat::kBmp:
      return encode_bmp(composed_on_white(in_8_bit(pixels)));
  }
  throw Error(ErrorKind::kOutput, "unknown image format");
}

}  // namespace

const std::vector<ImageFormatRow>& image_formats() {
  static const std::vector<ImageFormatRow> rows{
      {"jpeg", ImageFormat::kJpeg, {".jpg", ".jpeg", ".jpe", ".jfif"}},
      {"png", ImageFormat::kPng, {".png"}},
      {"webp", ImageFormat::kWebp, {".webp"}},
      {"tiff", ImageFormat::kTiff, {".tif", ".tiff"}},
      {"bmp", ImageFormat::kBmp, {".bmp", ".dib"}},
  };
  return rows;
}

std::optional<ImageFormat> format_of_extension(std::string_view extension) {
  std::string lower(extension);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const ImageFormatRow& row : image_formats()) {
    if (std::find(row.extensions.begin(), row.extensions.end(), lower) != row.extensions.end()) {
      return row.format;
    }
  }
  return std::nullopt;
}

std::string_view extension_of(ImageFormat format) {
  for (const ImageFormatRow& row : image_formats()) {
    if (row.format == format) return row.extensions.front();
  }
  return "";
}

Image decode_image(std::string_view bytes, const DecodeOptions& options) {
  ImageHeader stored = read_header(bytes);
  if (stored.pixels() > options.max_pixels) {
    throw Error(ErrorKind::kInput, message("has ", stored.width, "x", stored.height,
                                           " pixels, more than the limit of ", options.max_pixels));
  }
  if (swaps_sides(stored.orientation)) std::swap(stored.width, stored.height);
  Image image;
  image.metadata.format = stored.format;
  try {
    image.pixels = decode_stored(bytes, stored, image.metadata);
    check_against_header(image.pixels, stored);
    image.pixels = oriented(image.pixels, stored.orientation);
  } catch (const cv::Exception& exception) {
    throw Error(ErrorKind::kInput, message("cannot be decoded: ", exception.err));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kInput, message("has ", stored.width, "x", stored.height,
                                           " pixels, for which there is no memory"));
  }
  return image;
}

std::string encode_image(const Image& image, const EncodeOptions& options) {
  check_can_be_encoded(image.pixels);
  try {
    return encode_checked(image.pixels, options);
  } catch (const cv::Exception& exception) {
    throw Error(ErrorKind::kOutput, message("image cannot be encoded: ", exception.err));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kOutput, message("no memory to encode an image of ", image.width(), "x",
                                            image.height(), " pixels"));
  }
}

Image load_image(const std::string& path, const DecodeOptions& options) {
  const std::string bytes = read_file(path);
  try {
    return decode_image(bytes, options);
  } catch (const Error& error) {
    throw Error(error.kind(), message(path, ": ", error.what()));
  }
}

void save_image(const std::string& path, const Image& image, int quality) {
  const std::optional<ImageFormat> format =
      format_of_extension(fs::path(path).extension().string());
  if (!format) {
    throw Error(ErrorKind::kUsage,
                message(path, ": its extension names no image format we write (.jpg, .png, .webp, ",
                        ".tif, .bmp)"));
  }
  std::string bytes;
  try {
    bytes = encode_image(image, {*format, quality});
  } catch (const Error& error) {
    throw Error(error.kind(), message(path, ": ", error.what()));
  }
  write_file_atomically(path, bytes);
}

}  // namespace solstice
