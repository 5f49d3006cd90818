#include <cstdlib>

#include "core/error.h"
#include "core/message.h"
#include "image/byte_view.h"
#include "image/formats.h"

namespace solstice {
namespace {

constexpr size_t kFileHeader = 14;
constexpr uint32_t kOldInfoHeader = 12;  // OS/2: 16-bit sides, palette of 3 bytes
constexpr uint32_t kInfoHeader = 40;
constexpr uint32_t kInfoWithAlphaMask = 56;
constexpr uint32_t kBitFields = 3;

bool has_grey_palette(const ByteView& view, uint32_t info, uint32_t bits) {
  const size_t stride = info == kOldInfoHeader ? 3 : 4;
  uint32_t colours = info >= kInfoHeader ? view.u32(kFileHeader + 32) : 0;
  if (colours == 0 || colours > 1U << bits) colours = 1U << bits;
  for (uint32_t i = 0; i < colours; ++i) {
    const size_t at = kFileHeader + info + i * stride;
    if (view.u8(at) != view.u8(at + 1) || view.u8(at) != view.u8(at + 2)) return false;
  }
  return true;
}

}  // namespace

ImageHeader bmp_header(std::string_view bytes) {
  const ByteView view(bytes, Endian::kLittle);
  ImageHeader header;
  const uint32_t info = view.u32(kFileHeader);
  uint32_t bits = 0;
  uint32_t compression = 0;
  if (info == kOldInfoHeader) {
    set_size(header, view.u16(18), view.u16(20));
    bits = view.u16(24);
  } else if (info >= kInfoHeader && info <= 1024) {
    const int64_t height = static_cast<int32_t>(view.u32(22));  // below 0: rows top to bottom
    set_size(header, view.u32(18), static_cast<uint64_t>(std::abs(height)));
    bits = view.u16(28);
    compression = view.u32(30);
  } else {
    throw Error(ErrorKind::kInput, message("is damaged: a BMP header of ", info, " bytes"));
  }
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) {
    throw Error(ErrorKind::kInput, message("is a BMP of ", bits, " bits a pixel, which is none"));
  }
  if (bits <= 8 && has_grey_palette(view, info, bits)) header.channels = 1;
  if (bits == 32 && compression == kBitFields && info >= kInfoWithAlphaMask &&
      view.u32(kFileHeader + 52) != 0) {
    header.channels = 4;
  }
  return header;
}

bool bmp_is_whole(std::string_view bytes, const ImageHeader& header) {
  const ByteView view(bytes, Endian::kLittle);
  const bool old = view.u32(kFileHeader) == kOldInfoHeader;
  const uint32_t bits = view.u16(old ? 24 : 28);
  const uint32_t compression = old ? 0 : view.u32(30);
  if (compression != 0 && compression != kBitFields) return view.u32(2) <= bytes.size();
  const uint64_t row = (uint64_t{bits} * static_cast<uint64_t>(header.width) + 31) / 32 * 4;
  return view.u32(10) + row * static_cast<uint64_t>(header.height) <= bytes.size();
}

}  // namespace solstice
