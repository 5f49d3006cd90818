#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/byte_view.h"

namespace solstice {

/// The field of the photo directory that is the camera maker's own.
inline constexpr uint32_t kMakerNote = 0x927c;

/// One field of a directory, its values as bytes in the byte order of the block.
struct ExifField {
  uint32_t tag = 0;
  uint32_t type = 0;  ///< TIFF 6.0: 3 SHORT, 4 LONG, ...
  uint32_t count = 0;
  std::string bytes;
  /// Where in the block the bytes must stand, 0: anywhere. Makers write offsets from the block's
  /// start into their notes, which hold only as long as the note stays where it was.
  size_t kept_at = 0;
};
using ExifDirectory = std::vector<ExifField>;

/// EXIF (CIPA DC-008) taken apart: the directory of the image and those that hang below it. The
/// thumbnail's directory is never among them, nor are fields that point to pixels.
struct ExifBlock {
  Endian endian = Endian::kLittle;
  ExifDirectory image, photo, interoperability, gps;

  bool empty() const { return image.empty() && photo.empty() && gps.empty(); }
};

/// A block as JPEG, PNG and WebP hold it, with or without the "Exif" mark before it. Fields whose
/// values lie outside are left out; nothing where not even the first directory can be read.
std::optional<ExifBlock> read_exif(std::string_view block);

/// What a TIFF file's first directory says of its picture (camera, time, author, place; none of
/// how the pixels are stored).
std::optional<ExifBlock> read_exif_of_tiff(std::string_view tiff);

/// Orientation 1 and the size of the picture as it is now, where the block speaks of them;
/// subject areas, which are in pixels of the picture as it was, go when that was another.
void fit_exif(ExifBlock& exif, int width, int height);

/// The block, without the "Exif" mark; empty for an empty one.
std::string write_exif(const ExifBlock& exif);

/// A TIFF file of the same byte order with the block's fields in its first directory. The pixels
/// stay where they are; the directory is written again behind them.
std::string tiff_with_exif(const std::string& tiff, const ExifBlock& exif);

}  // namespace solstice
