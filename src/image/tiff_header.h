#pragma once

#include <cstddef>
#include <string_view>

#include "image/exif.h"
#include "image/image.h"

namespace solstice {

/// How a TIFF's alpha channel is meant.
enum class TiffAlpha { kNone, kStraight, kPremultiplied };

/// What a TIFF's samples are.
enum class TiffColours { kGrey, kRgb, kPalette, kCmyk, kYcbcr };

/// What decoding a TIFF needs beyond its ImageHeader.
struct TiffLayout {
  ImageHeader header;  ///< as stored; channels and bits as decoding gives them
  TiffAlpha alpha = TiffAlpha::kNone;
  bool zero_is_white = false;  ///< grey values that count down
  bool whole = true;           ///< every strip and tile lies inside the file
  TiffColours colours = TiffColours::kGrey;
  int samples = 1;      ///< of a pixel, as stored
  int bits = 8;         ///< of a sample, as stored: 1, 2, 4, 8 or 16
  bool planar = false;  ///< a plane for every sample
};

/// Parses the first directory of a TIFF. Throws Error(kInput) for kinds we cannot decode: several
/// pages, other than 1, 2, 4, 8 or 16 bits, floating point, CIE L*a*b*, channels beyond colour and
/// one alpha.
TiffLayout tiff_layout(std::string_view bytes);

}  // namespace solstice
