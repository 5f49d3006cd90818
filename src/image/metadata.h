#pragma once

#include <string>
#include <string_view>

#include "image/image.h"

namespace solstice {

/// No block may be larger: beyond what any program writes, and little enough to hold.
inline constexpr size_t kLargestMetadata = size_t{16} << 20;

/// Blocks of metadata as an encoder writes them; empty ones are not written.
struct MetadataBlocks {
  std::string exif, xmp, icc;
  bool empty() const { return exif.empty() && xmp.empty() && icc.empty(); }
};

/// Each takes a block found in a file into `metadata`; a damaged or too large one is left out with
/// a warning there, for bad metadata must not cost the picture. The first of a kind counts.
void take_exif(std::string_view block, ImageMetadata& metadata);
void take_xmp(std::string_view packet, ImageMetadata& metadata);
void take_icc(std::string_view profile, ImageMetadata& metadata);

/// The warning that take_ functions leave, for readers that find the damage themselves: `what` is
/// "EXIF", "XMP" or "colour profile".
void leave_out(std::string_view what, ImageMetadata& metadata);

/// The blocks made true of a picture of this size and number of channels (ours: 1, 3 or 4):
/// orientation 1, its sizes, no thumbnail, and no colour profile of other channels.
MetadataBlocks fitted_metadata(const ImageMetadata& metadata, int width, int height, int channels);

/// The blocks with EXIF brought below `most` bytes by leaving out the maker's note, or all of it.
std::string exif_of_at_most(size_t most, const std::string& exif);

/// True for a whole ICC profile (ICC.1) of pictures with this many channels (1, 3 or 4).
bool icc_fits(std::string_view profile, int channels);

}  // namespace solstice
