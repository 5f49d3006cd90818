#pragma once

#include <string>
#include <string_view>

namespace solstice::testing {

/// Big-endian or little-endian, as EXIF blocks are.
enum class ByteOrder { kBig, kLittle };

/// A block of EXIF as a camera writes it: maker "Acme", orientation, time, maker's note at byte
/// kMakerNoteAt, size 4000x3000, latitude reference, and a thumbnail that contains kThumbnail.
std::string made_exif(int orientation, ByteOrder order = ByteOrder::kLittle);
inline constexpr size_t kMakerNoteAt = 202;
inline constexpr std::string_view kMakerNote = "note\x01\x02\x03\x04\x05\x06";
inline constexpr std::string_view kThumbnail = "SMALL PICTURE";

/// A packet that gives an orientation and the title "Hills".
std::string made_xmp(int orientation);

/// A profile of this many bytes for pictures in "RGB ", "GRAY" or "CMYK".
std::string made_icc(std::string_view space, size_t bytes = 400);

/// The JPEG with segments of metadata behind its first marker, the profile in segments of at most
/// `icc_segment` bytes. Empty blocks are not put in.
std::string jpeg_with(const std::string& jpeg, const std::string& exif, const std::string& xmp,
                      const std::string& icc, size_t icc_segment = 60000);

}  // namespace solstice::testing
