#pragma once

#include <cstddef>
#include <string_view>

#include "image/exif.h"
#include "image/image.h"

namespace solstice {

/// How a TIFF's alpha channel is meant.
enum class TiffAlpha { kNone, kStraight, kPremultiplied };

/// What decoding a TIFF needs beyond its ImageHeader.
struct TiffLayout {
  ImageHeader header;  ///< as stored; channels and bits as decoding gives them
  TiffAlpha alpha = TiffAlpha::kNone;
  bool zero_is_white = false;  ///< grey values that count down
  bool whole = true;           ///< every strip and tile lies inside the file
  Endian endian = Endian::kLittle;
  size_t orientation_entry = 0;    ///< offset of the directory entry; 0: none
  size_t extra_samples_entry = 0;  ///< likewise
};

/// Parses the first directory of a TIFF. Throws Error(kInput) for kinds we cannot decode: several
/// pages, more than 16 bits, floating point, two channels, CIE L*a*b*.
TiffLayout tiff_layout(std::string_view bytes);

}  // namespace solstice
