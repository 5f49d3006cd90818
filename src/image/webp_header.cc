#include "core/error.h"
#include "image/byte_view.h"
#include "image/exif.h"
#include "image/formats.h"

namespace solstice {
namespace {

constexpr uint32_t kAlphaFlag = 0x10;
constexpr uint32_t kAnimationFlag = 0x02;

void read_extended(const ByteView& view, size_t data, ImageHeader& header) {
  const uint32_t flags = view.u8(data);
  if ((flags & kAnimationFlag) != 0) {
    throw Error(ErrorKind::kInput, "is an animated WebP, which is not supported");
  }
  if ((flags & kAlphaFlag) != 0) header.channels = 4;
}

/// A VP8 key frame: RFC 6386, section 9.1.
void read_lossy(const ByteView& view, size_t data, ImageHeader& header) {
  if ((view.u8(data) & 1) != 0 || view.slice(data + 3, 3) != "\x9d\x01\x2a") {
    throw Error(ErrorKind::kInput, "is damaged: a WebP without a key frame");
  }
  set_size(header, view.u16(data + 6) & 0x3fff, view.u16(data + 8) & 0x3fff);
}

void read_lossless(const ByteView& view, size_t data, ImageHeader& header) {
  if (view.u8(data) != 0x2f) throw Error(ErrorKind::kInput, "is damaged: a WebP without its mark");
  const uint32_t word = view.u32(data + 1);
  set_size(header, (word & 0x3fff) + 1, (word >> 14 & 0x3fff) + 1);
  if ((word >> 28 & 1) != 0) header.channels = 4;
}

}  // namespace

ImageHeader webp_header(std::string_view bytes) {
  const ByteView view(bytes, Endian::kLittle);
  ImageHeader header;
  bool has_pixels = false;
  // Chunks after the pixels (EXIF stands there) are seen as far as the bytes go.
  for (size_t at = 12; !has_pixels || view.has(at, 8);) {
    const std::string_view type = view.slice(at, 4);
    const size_t length = view.u32(at + 4);
    const size_t data = at + 8;
    if (type == "VP8X") read_extended(view, data, header);
    if (type == "ALPH") header.channels = 4;
    if (type == "VP8 " && !has_pixels) read_lossy(view, data, header);
    if (type == "VP8L" && !has_pixels) read_lossless(view, data, header);
    if (type == "VP8 " || type == "VP8L") has_pixels = true;
    if (type == "EXIF" && view.has(data, length)) {
      header.orientation = exif_orientation(view.slice(data, length));
    }
    at = data + length + length % 2;
  }
  return header;
}

}  // namespace solstice
