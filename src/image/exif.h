#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string_view>
#include <vector>

#include "image/byte_view.h"

namespace solstice {

/// The directory structure that TIFF files and EXIF blocks share (TIFF 6.0, section 2).
/// Every function throws Error(kInput) where the structure points outside the bytes.
class TiffStructure {
 public:
  struct Field {
    uint32_t tag = 0;
    uint32_t type = 0;
    uint32_t count = 0;
    size_t entry = 0;  ///< offset of the 12-byte entry itself
    size_t data = 0;   ///< offset of the first value, inside the entry or elsewhere
  };
  struct Directory {
    std::vector<Field> fields;
    uint32_t next = 0;  ///< offset of the next directory, 0 after the last
    const Field* find(uint32_t tag) const;
  };

  explicit TiffStructure(std::string_view bytes);

  Endian endian() const { return endian_; }
  uint32_t first_directory() const { return view_.u32(4); }
  Directory directory(uint32_t offset) const;

  /// The index-th value of a field of whole numbers (8, 16 or 32 bit).
  uint32_t value(const Field& field, uint32_t index = 0) const;
  /// All values of a field, as the bytes they are.
  std::string_view bytes_of(const Field& field) const;
  /// The first value of a tag, or `fallback` where the directory lacks it.
  uint32_t value_of(const Directory& directory, uint32_t tag, uint32_t fallback) const;

 private:
  Endian endian_;
  ByteView view_;
};

/// What stands before the block in a JPEG segment, and in some PNG and WebP files.
inline constexpr std::string_view kExifMark("Exif\0\0", 6);
std::string_view without_exif_mark(std::string_view block);

/// The orientation (1 to 8) in a block of EXIF data, with or without the "Exif" mark before it.
/// 1 for a block that is damaged or says nothing: bad metadata must not cost the picture.
int exif_orientation(std::string_view block);

/// Turns stored pixels the way EXIF orientation 1 to 8 says they are meant to be seen.
cv::Mat oriented(const cv::Mat& stored, int orientation);

/// True for the orientations that exchange width and height.
inline bool swaps_sides(int orientation) { return orientation >= 5; }

}  // namespace solstice
