#include "image/metadata.h"

#include <algorithm>

#include "core/error.h"
#include "core/message.h"
#include "image/byte_view.h"
#include "image/exif.h"
#include "image/exif_block.h"

namespace solstice {
namespace {

constexpr size_t kIccHeaderBytes = 128;

bool is_icc(std::string_view profile) {
  if (profile.size() < kIccHeaderBytes + 4) return false;
  const ByteView view(profile, Endian::kBig);
  return view.u32(0) == profile.size() && view.slice(36, 4) == "acsp";
}

/// A tag's value in an XMP packet, as attribute (tag="1") or element (<tag>1</tag>), made `value`.
std::string with_xmp_value(std::string_view packet, std::string_view tag, std::string_view value) {
  std::string result;
  size_t copied = 0;
  for (size_t at = 0; (at = packet.find(tag, at)) != std::string_view::npos;) {
    at += tag.size();
    const size_t start = std::min(packet.find_first_not_of(" \t\r\n=\"'>", at), packet.size());
    const size_t end = std::min(packet.find_first_not_of("0123456789", start), packet.size());
    const bool opens =
        packet.substr(at, start - at).find_first_of("\"'>") != std::string_view::npos;
    if (!opens || end == start) continue;
    result.append(packet, copied, start - copied).append(value);
    copied = at = end;
  }
  return result.append(packet.substr(copied));
}

/// Pictures of the picture as it was.
std::string without_xmp_thumbnails(std::string_view packet) {
  constexpr std::string_view kEnd = "</xmp:Thumbnails>";
  std::string result;
  for (;;) {
    const size_t start = packet.find("<xmp:Thumbnails");
    const size_t end = start == std::string_view::npos ? start : packet.find(kEnd, start);
    if (end == std::string_view::npos) return result.append(packet);
    result.append(packet.substr(0, start));
    packet.remove_prefix(end + kEnd.size());
  }
}

std::string fitted_xmp(std::string packet, int width, int height) {
  packet = with_xmp_value(packet, "tiff:Orientation", "1");
  for (const char* tag : {"tiff:ImageWidth", "exif:PixelXDimension"}) {
    packet = with_xmp_value(packet, tag, std::to_string(width));
  }
  for (const char* tag : {"tiff:ImageLength", "exif:PixelYDimension"}) {
    packet = with_xmp_value(packet, tag, std::to_string(height));
  }
  return without_xmp_thumbnails(packet);
}

}  // namespace

void leave_out(std::string_view what, ImageMetadata& metadata) {
  metadata.warnings.push_back(message("its ", what, " is damaged and is left out"));
}

void take_exif(std::string_view block, ImageMetadata& metadata) {
  if (!metadata.exif.empty()) return;
  block = without_exif_mark(block);
  if (block.size() > kLargestMetadata || !read_exif(block)) return leave_out("EXIF", metadata);
  metadata.exif = block;
}

void take_xmp(std::string_view packet, ImageMetadata& metadata) {
  if (!metadata.xmp.empty()) return;
  while (packet.ends_with('\0')) packet.remove_suffix(1);  // TIFF writers pad with them
  if (packet.size() > kLargestMetadata || packet.find('<') == std::string_view::npos ||
      packet.find('\0') != std::string_view::npos) {
    return leave_out("XMP", metadata);
  }
  metadata.xmp = packet;
}

void take_icc(std::string_view profile, ImageMetadata& metadata) {
  if (!metadata.icc.empty()) return;
  if (profile.size() > kLargestMetadata || !is_icc(profile)) {
    return leave_out("colour profile", metadata);
  }
  metadata.icc = profile;
}

bool icc_fits(std::string_view profile, int channels) {
  return is_icc(profile) && profile.substr(16, 4) == (channels == 1 ? "GRAY" : "RGB ");
}

MetadataBlocks fitted_metadata(const ImageMetadata& metadata, int width, int height, int channels) {
  MetadataBlocks blocks;
  if (std::optional<ExifBlock> exif = read_exif(metadata.exif)) {
    fit_exif(*exif, width, height);
    blocks.exif = write_exif(*exif);
  }
  blocks.xmp = fitted_xmp(metadata.xmp, width, height);
  if (icc_fits(metadata.icc, channels)) blocks.icc = metadata.icc;
  return blocks;
}

std::string exif_of_at_most(size_t most, const std::string& exif) {
  if (exif.size() <= most) return exif;
  std::optional<ExifBlock> block = read_exif(exif);
  if (!block) return "";
  std::erase_if(block->photo, [](const ExifField& field) { return field.tag == kMakerNote; });
  const std::string shorter = write_exif(*block);
  return shorter.size() <= most ? shorter : "";
}

}  // namespace solstice
