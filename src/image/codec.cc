#include "image/codec.h"

#include <algorithm>
#include <array>
#include <new>
#include <opencv2/core.hpp>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "core/names.h"
#include "image/encoded_channels.h"
#include "image/exif.h"
#include "image/formats.h"
#include "image/metadata.h"

namespace solstice {
namespace {

using Decoder = cv::Mat (*)(std::string_view, const ImageHeader&, Truncated, ImageMetadata&);

Decoder decoder_of(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return decode_jpeg;
    case ImageFormat::kPng:
      return decode_png;
    case ImageFormat::kWebp:
      return decode_webp;
    case ImageFormat::kTiff:
      return decode_tiff;
    case ImageFormat::kBmp:
      return decode_bmp;
  }
  throw Error(ErrorKind::kInput, "has an unknown format");
}

void check_pixel_count(const ImageHeader& header, int64_t max_pixels) {
  if (header.pixels() <= max_pixels) return;
  throw Error(ErrorKind::kInput, message("has ", header.width, "x", header.height,
                                         " pixels, more than the limit of ", max_pixels));
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

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lower;
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

constexpr int kOwnQuality = 0;
constexpr int kJpegQuality = 95;
constexpr int kWebpQuality = 90;
constexpr int kFullChromaFrom = 90;

std::string encode_as_jpeg(const cv::Mat& pixels, const EncodeOptions& options,
                           const ImageMetadata& source, MetadataBlocks blocks) {
  int quality = options.quality;
  if (quality == kOwnQuality)
    quality = source.jpeg_quality > 0 ? source.jpeg_quality : kJpegQuality;
  ChromaSampling chroma = options.chroma;
  if (chroma == ChromaSampling::kAuto) chroma = source.chroma;
  if (chroma == ChromaSampling::kAuto) {
    chroma = quality >= kFullChromaFrom ? ChromaSampling::k444 : ChromaSampling::k420;
  }
  blocks.exif = exif_of_at_most(kLargestJpegExif, blocks.exif);
  if (blocks.xmp.size() > kLargestJpegXmp) blocks.xmp.clear();
  return encode_jpeg(composed_on_white(in_8_bit(pixels)), quality, chroma, blocks);
}

std::string encode_as_webp(const cv::Mat& pixels, const EncodeOptions& options,
                           const ImageMetadata& source, const MetadataBlocks& blocks) {
  const bool own = options.quality == kOwnQuality;
  const Compression compression = own ? source.compression : Compression::kLossy;
  return encode_webp(in_8_bit(pixels), own ? kWebpQuality : options.quality, compression, blocks);
}

/// The channels of colour that a profile must be for: 1 or 3.
int colour_channels(const Image& image) {
  return image.pixels.channels() == 1 || stays_grey_with_alpha(image) ? 1 : 3;
}

MetadataBlocks blocks_for(const Image& image, const EncodeOptions& options) {
  if (options.metadata == KeepMetadata::kNo) return {};
  return fitted_metadata(image.metadata, image.width(), image.height(), colour_channels(image));
}

std::string encode_checked(const Image& image, EncodeOptions options) {
  if (options.quality != kOwnQuality) options.quality = std::clamp(options.quality, 1, 100);
  const MetadataBlocks blocks = blocks_for(image, options);
  const bool in_colour = options.format == ImageFormat::kWebp || !stays_grey_with_alpha(image);
  const cv::Mat pixels = in_colour ? image.pixels : in_grey(image.pixels, options.format);
  switch (options.format) {
    case ImageFormat::kJpeg:
      return encode_as_jpeg(pixels, options, image.metadata, blocks);
    case ImageFormat::kPng:
      return encode_png(pixels, blocks);
    case ImageFormat::kWebp:
      return encode_as_webp(pixels, options, image.metadata, blocks);
    case ImageFormat::kTiff:
      return encode_tiff(pixels, blocks);
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
  const std::string lower = in_lower_case(extension);
  for (const ImageFormatRow& row : image_formats()) {
    if (std::find(row.extensions.begin(), row.extensions.end(), lower) != row.extensions.end()) {
      return row.format;
    }
  }
  return std::nullopt;
}

std::string_view foreign_kind_of_extension(std::string_view extension) {
  using Row = std::pair<std::string_view, std::string_view>;
  constexpr std::array kForeign{Row{".avif", "an AVIF image"},    Row{".gif", "a GIF image"},
                                Row{".heic", "a HEIC image"},     Row{".heif", "a HEIC image"},
                                Row{".jp2", "a JPEG 2000 image"}, Row{".jxl", "a JPEG XL image"}};
  const std::string lower = in_lower_case(extension);
  for (const auto& [ending, kind] : kForeign) {
    if (ending == lower) return kind;
  }
  return "";
}

std::string_view extension_of(ImageFormat format) {
  for (const ImageFormatRow& row : image_formats()) {
    if (row.format == format) return row.extensions.front();
  }
  return "";
}

void take_truncated(Truncated truncated, ImageMetadata& metadata) {
  if (truncated == Truncated::kRefuse) throw Error(ErrorKind::kInput, "is truncated");
  metadata.warnings.emplace_back("is truncated; what there is of it was taken");
}

Image decode_image(std::string_view bytes, const DecodeOptions& options) {
  ImageHeader stored = read_header(bytes);
  check_pixel_count(stored, options.max_pixels);
  if (swaps_sides(stored.orientation)) std::swap(stored.width, stored.height);
  Image image;
  image.metadata.format = stored.format;
  try {
    image.pixels = decoder_of(stored.format)(bytes, stored, options.truncated, image.metadata);
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
    return encode_checked(image, options);
  } catch (const cv::Exception& exception) {
    throw Error(ErrorKind::kOutput, message("image cannot be encoded: ", exception.err));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kOutput, message("no memory to encode an image of ", image.width(), "x",
                                            image.height(), " pixels"));
  }
}

std::vector<std::string> losses_of_encoding(const Image& image, const EncodeOptions& options) {
  std::vector<std::string> losses;
  const ImageFormat format = options.format;
  const bool without_alpha = format == ImageFormat::kJpeg || format == ImageFormat::kBmp;
  const bool with_16_bit = format == ImageFormat::kPng || format == ImageFormat::kTiff;
  const int channels = image.pixels.channels();
  if (channels == 4 && without_alpha) losses.emplace_back("its alpha is composed on white");
  if (image.pixels.depth() == CV_16U && !with_16_bit) losses.emplace_back("16 bits become 8");
  if (options.metadata == KeepMetadata::kNo) return losses;
  const ImageMetadata& metadata = image.metadata;
  if (format == ImageFormat::kBmp) {
    if (!metadata.exif.empty() || !metadata.xmp.empty() || !metadata.icc.empty()) {
      losses.emplace_back("its metadata is left out, BMP holds none");
    }
    return losses;
  }
  if (!metadata.icc.empty() && !icc_fits(metadata.icc, colour_channels(image))) {
    losses.emplace_back("its colour profile is left out, it is for other channels");
  }
  if (format != ImageFormat::kJpeg) return losses;
  const MetadataBlocks blocks = blocks_for(image, options);
  if (blocks.exif.size() > kLargestJpegExif) {
    losses.emplace_back("its EXIF is shortened or left out, a JPEG holds 64 KB of it");
  }
  if (blocks.xmp.size() > kLargestJpegXmp) {
    losses.emplace_back("its XMP is left out, a JPEG holds 64 KB of it");
  }
  return losses;
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
