#include "core/error.h"
#include "image/byte_view.h"
#include "image/exif.h"
#include "image/formats.h"

namespace solstice {
namespace {

constexpr size_t kSignatureBytes = 8;
constexpr uint32_t kPalette = 3;

int channels_of(uint32_t colour_type) {
  switch (colour_type) {
    case 0:
      return 1;
    case 2:
    case kPalette:
      return 3;
    case 4:  // grey with alpha: there is no two-channel Image
    case 6:
      return 4;
    default:
      throw Error(ErrorKind::kInput, "is damaged: an unknown PNG colour type");
  }
}

}  // namespace

ImageHeader png_header(std::string_view bytes) {
  const ByteView view(bytes, Endian::kBig);
  if (view.slice(0, kSignatureBytes) != "\x89PNG\r\n\x1a\n" ||
      view.slice(kSignatureBytes + 4, 4) != "IHDR") {
    throw Error(ErrorKind::kInput, "is damaged: a PNG that does not begin with its header");
  }
  ImageHeader header;
  set_size(header, view.u32(16), view.u32(20));
  header.bits = view.u8(24) == 16 ? 16 : 8;
  header.channels = channels_of(view.u8(25));
  bool has_pixels = false;
  size_t at = kSignatureBytes;
  // Chunks after the pixels (eXIf may stand there) are seen as far as the bytes go.
  while (!has_pixels || view.has(at, 8)) {
    const size_t length = view.u32(at);
    const std::string_view type = view.slice(at + 4, 4);
    if (type == "IEND") break;
    if (type == "acTL") {
      throw Error(ErrorKind::kInput, "is an animated PNG, which is not supported");
    }
    if (type == "IDAT") has_pixels = true;
    if (type == "tRNS" && !has_pixels) header.channels = 4;
    if (type == "eXIf" && view.has(at + 8, length)) {
      header.orientation = exif_orientation(view.slice(at + 8, length));
    }
    at += length + 12;
  }
  return header;
}

}  // namespace solstice
