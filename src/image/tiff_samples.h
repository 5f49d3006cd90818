#pragma once

#include <tiffio.h>

#include <opencv2/core/mat.hpp>

#include "image/tiff_header.h"

namespace solstice {

/// Reads strips or tiles, of one plane or several.
struct TiffSamples {
  cv::Mat samples;    ///< (height, width), a channel a sample, each in 8 or 16 bits of its own
  bool whole = true;  ///< false: strips or tiles that could not be read are zero
};

/// Samples as the file holds them, not yet colours. Throws Error(kInput) for absurd tiles.
TiffSamples read_tiff_samples(TIFF* tiff, const TiffLayout& layout);

}  // namespace solstice
