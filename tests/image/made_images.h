#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace solstice::testing {

/// A smooth picture with some noise, the same every time; `type` is CV_8UC1 to CV_16UC4.
cv::Mat made_pixels(int width, int height, int type);
Image made_image(int width, int height, int type);

/// Largest difference of two pictures of equal size and type; -1 when those differ.
double largest_difference(const cv::Mat& a, const cv::Mat& b);

/// A block of EXIF data that says only this.
std::string exif_block(int orientation, bool big_endian = false);

/// The encoded image with an EXIF orientation (for TIFF: the tag) put into it.
std::string with_orientation(const std::string& encoded, ImageFormat format, int orientation);

/// A PNG by libpng with everything our encoder does not write.
struct PngRecipe {
  int width = 4;
  int height = 4;
  int bit_depth = 8;
  int colour_type = 0;
  bool interlaced = false;
  std::vector<uint8_t> palette;            ///< RGB triples
  std::vector<uint8_t> palette_alpha;      ///< tRNS of a palette
  std::vector<std::vector<uint8_t>> rows;  ///< as packed in the file
};
std::string png_of(const PngRecipe& recipe);

/// One chunk: length, type, data, checksum.
std::string png_chunk(std::string_view type, std::string_view data);

/// A CMYK (or YCCK) JPEG of one colour, stored inverted as Adobe's programs do.
std::string cmyk_jpeg(int width, int height, const std::vector<uint8_t>& inverted_cmyk, bool ycck);

std::string big_endian(uint32_t value, int bytes);
std::string little_endian(uint32_t value, int bytes);

}  // namespace solstice::testing
