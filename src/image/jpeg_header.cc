#include "core/error.h"
#include "core/message.h"
#include "image/byte_view.h"
#include "image/exif.h"
#include "image/formats.h"

namespace solstice {
namespace {

constexpr uint32_t kEndOfImage = 0xd9;
constexpr uint32_t kStartOfScan = 0xda;
constexpr uint32_t kApp1 = 0xe1;

/// SOF0 to SOF15 without DHT, JPG and DAC, which share their range.
bool is_start_of_frame(uint32_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/// Markers without a length: TEM, RST0 to RST7, SOI.
bool stands_alone(uint32_t marker) {
  return marker == 0x00 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/// The position after the next marker; decoders skip stray bytes before one, so we do.
size_t after_next_marker(const ByteView& view, size_t at) {
  while (view.u8(at) != 0xff) ++at;
  while (view.u8(at) == 0xff) ++at;
  return at + 1;
}

void read_frame(const ByteView& view, size_t at, ImageHeader& header) {
  header.bits = static_cast<int>(view.u8(at + 2));
  set_size(header, view.u16(at + 5), view.u16(at + 3));
  const uint32_t components = view.u8(at + 7);
  if (components != 1 && components != 3 && components != 4) {
    throw Error(ErrorKind::kInput,
                message("is a JPEG with ", components, " channels; 1, 3 and 4 (CMYK) can be read"));
  }
  header.channels = components == 1 ? 1 : 3;
}

}  // namespace

ImageHeader jpeg_header(std::string_view bytes) {
  const ByteView view(bytes, Endian::kBig);
  ImageHeader header;
  bool has_frame = false;
  bool has_exif = false;
  for (size_t at = 2;;) {
    // Once the frame is known, missing bytes are the decoder's to complain of.
    if (has_frame && !view.has(at, 4)) return header;
    at = after_next_marker(view, at);
    const uint32_t marker = view.u8(at - 1);
    if (stands_alone(marker)) continue;
    if (marker == kEndOfImage || marker == kStartOfScan) break;
    const uint32_t length = view.u16(at);
    if (length < 2) throw Error(ErrorKind::kInput, "is damaged: a JPEG segment of no length");
    if (is_start_of_frame(marker) && !has_frame) {
      read_frame(view, at, header);
      has_frame = true;
    } else if (marker == kApp1 && !has_exif && view.has(at, length)) {
      const std::string_view segment = view.slice(at + 2, length - 2);
      has_exif = segment.starts_with("Exif");
      if (has_exif) header.orientation = exif_orientation(segment);
    }
    at += length;
  }
  if (!has_frame) throw Error(ErrorKind::kInput, "is damaged: a JPEG without a frame header");
  return header;
}

}  // namespace solstice
