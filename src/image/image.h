#pragma once

#include <opencv2/core/mat.hpp>
#include <string>

namespace solstice {

enum class ImageFormat { kJpeg, kPng, kWebp, kTiff, kBmp };

/// What travels with the pixels of a photo from its file to the file made from it. (Bytes of EXIF,
/// XMP and ICC will stand here.)
struct ImageMetadata {
  ImageFormat format = ImageFormat::kPng;  ///< of the file it came from
  int jpeg_quality = 0;                    ///< estimated from the file's own tables; 0: unknown
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
