#pragma once

#include <array>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/names.h"

namespace solstice {

enum class ImageFormat { kJpeg, kPng, kWebp, kTiff, kBmp };
enum class Compression { kLossy, kLossless };

/// How much of its colour a JPEG keeps: all, half or a quarter of the pixels' chroma.
enum class ChromaSampling { kAuto, k444, k422, k420 };
inline constexpr std::array<Name<ChromaSampling>, 4> kChromaSamplingNames{
    {{"auto", ChromaSampling::kAuto},
     {"444", ChromaSampling::k444},
     {"422", ChromaSampling::k422},
     {"420", ChromaSampling::k420}}};
constexpr std::span<const Name<ChromaSampling>> name_table(ChromaSampling) {
  return kChromaSamplingNames;
}

/// What travels with the pixels of a photo from its file to the file made from it. The blocks are
/// as the file held them, orientation and all; encode_image writes what of them is true of the
/// pixels it is given.
struct ImageMetadata {
  ImageFormat format = ImageFormat::kPng;         ///< of the file it came from
  int jpeg_quality = 0;                           ///< estimated from its tables; 0: unknown
  ChromaSampling chroma = ChromaSampling::kAuto;  ///< of a JPEG; kAuto: unknown, or none of ours
  Compression compression = Compression::kLossy;  ///< of a WebP
  bool grey_with_alpha = false;                   ///< it held two channels; pixels are RGBA
  std::string exif;                               ///< without the "Exif" mark
  std::string xmp;                                ///< the packet, UTF-8
  std::string icc;                                ///< the profile
  /// What of the file could not be had, a line each: "is truncated; ...", "its EXIF is damaged".
  std::vector<std::string> warnings;
};

/// An image as it is meant to be seen: EXIF orientation already applied.
/// `pixels` is CV_8U or CV_16U with 1 (grey), 3 (RGB) or 4 (RGBA) channels, in that order (never
/// BGR), rows top to bottom. Copying an Image shares the pixels, as cv::Mat does.
struct Image {
  cv::Mat pixels;
  ImageMetadata metadata;

  int width() const { return pixels.cols; }
  int height() const { return pixels.rows; }
};

/// What a file says of its image before any pixel is decoded.
struct ImageHeader {
  ImageFormat format = ImageFormat::kPng;
  int width = 0;        ///< as seen: after orientation
  int height = 0;       ///< as seen: after orientation
  int channels = 3;     ///< as decoding gives them: 1, 3 or 4
  int bits = 8;         ///< per channel, as decoding gives them: 8 or 16 (12: a JPEG not decoded)
  int orientation = 1;  ///< EXIF 1 to 8

  int64_t pixels() const { return int64_t{width} * height; }
};

}  // namespace solstice
