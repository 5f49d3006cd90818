#pragma once

#include <png.h>

#include <array>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

namespace solstice {

/// What the PNG decoder and the encoder share.

inline constexpr std::string_view kPngXmpKeyword = "XML:com.adobe.xmp";

/// Of pixels that are numbers of colours: three bytes a colour, and the alpha of the first ones.
struct PngPalette {
  std::string colours, alphas;
};

/// What libpng said; the error pointer of its structs. Its error callback must not return: it jumps
/// back into the method that called libpng, so those methods hold no object with a destructor.
struct PngComplaint {
  std::array<char, 200> text{};
  bool of_exif = false, of_profile = false, of_text = false;  ///< warnings
};
[[noreturn]] void on_png_error(png_structp png, png_const_charp text);
void on_png_warning(png_structp png, png_const_charp text);

/// Numbers of colours (8 bit, one channel) as a PNG. Throws Error(kOutput).
std::string encode_indexed_png(const cv::Mat& numbers, const PngPalette& palette);

}  // namespace solstice
