#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "core/error.h"
#include "core/message.h"
#include "image/byte_view.h"
#include "image/codec.h"
#include "image/exif.h"
#include "image/formats.h"

namespace solstice {
namespace {

/// Formats that people have and we do not read, by their first bytes.
struct ForeignFormat {
  size_t offset;
  std::string_view magic;
  std::string_view name;
};

constexpr std::array kForeignFormats{
    ForeignFormat{0, "GIF8", "a GIF image"},
    ForeignFormat{4, "ftyphei", "a HEIC image"},
    ForeignFormat{4, "ftyphev", "a HEIC image"},
    ForeignFormat{4, "ftypmif1", "a HEIC image"},
    ForeignFormat{4, "ftypmsf1", "a HEIC image"},
    ForeignFormat{4, "ftypavi", "an AVIF image"},
    ForeignFormat{4, "ftypcrx", "a camera's raw image"},
    ForeignFormat{4, "ftyp", "a video"},
    ForeignFormat{4, "jP  ", "a JPEG 2000 image"},
    ForeignFormat{0, "\xff\x4f\xff\x51", "a JPEG 2000 image"},
    ForeignFormat{4, "JXL ", "a JPEG XL image"},
    ForeignFormat{0, "\xff\x0a", "a JPEG XL image"},
    ForeignFormat{0, "8BPS", "a Photoshop document"},
    ForeignFormat{0, "gimp xcf", "a GIMP document"},
    ForeignFormat{0, "\x76\x2f\x31\x01", "an OpenEXR image"},
    ForeignFormat{0, "#?RADIANCE", "a Radiance HDR image"},
    ForeignFormat{0, "%PDF", "a PDF document"},
    ForeignFormat{0, "P5\n", "a PGM image"},
    ForeignFormat{0, "P6\n", "a PPM image"},
    ForeignFormat{0, std::string_view("II+\0", 4), "a BigTIFF image"},
    ForeignFormat{0, std::string_view("MM\0+", 4), "a BigTIFF image"},
    ForeignFormat{0, std::string_view("\0\0\1\0", 4), "an icon"},
    ForeignFormat{0, "PK\x03\x04", "a zip archive"},
    ForeignFormat{0, "<svg", "an SVG drawing"},
};

std::optional<ImageFormat> sniff(std::string_view bytes) {
  if (bytes.starts_with("\xff\xd8\xff")) return ImageFormat::kJpeg;
  if (bytes.starts_with("\x89PNG")) return ImageFormat::kPng;
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return ImageFormat::kWebp;
  if (bytes.starts_with(std::string_view("II*\0", 4))) return ImageFormat::kTiff;
  if (bytes.starts_with(std::string_view("MM\0*", 4))) return ImageFormat::kTiff;
  if (bytes.starts_with("BM")) return ImageFormat::kBmp;
  return std::nullopt;
}

/// No control characters, and no byte that UTF-8 never has.
bool looks_like_text(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 512);
  return std::all_of(start.begin(), start.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code >= 0x20 ? code != 0x7f && code < 0xf8
                        : code == '\n' || code == '\r' || code == '\t';
  });
}

[[noreturn]] void refuse_unknown(std::string_view bytes) {
  if (bytes.empty()) throw Error(ErrorKind::kInput, "is empty");
  for (const ForeignFormat& foreign : kForeignFormats) {
    if (bytes.size() >= foreign.offset && bytes.substr(foreign.offset).starts_with(foreign.magic)) {
      throw Error(ErrorKind::kInput, message("is ", foreign.name, ", which is not supported"));
    }
  }
  throw Error(ErrorKind::kInput, looks_like_text(bytes)
                                     ? "is text, not an image"
                                     : "is not an image (JPEG, PNG, WebP, TIFF or BMP)");
}

ImageHeader stored_header(std::string_view bytes, ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return jpeg_header(bytes);
    case ImageFormat::kPng:
      return png_header(bytes);
    case ImageFormat::kWebp:
      return webp_header(bytes);
    case ImageFormat::kTiff:
      return tiff_header(bytes);
    case ImageFormat::kBmp:
      return bmp_header(bytes);
  }
  refuse_unknown(bytes);
}

}  // namespace

void set_size(ImageHeader& header, uint64_t width, uint64_t height) {
  constexpr uint64_t kMost = std::numeric_limits<int32_t>::max();
  if (width < 1 || height < 1 || width > kMost || height > kMost) {
    throw Error(ErrorKind::kInput,
                message("is damaged: its header says ", width, "x", height, " pixels"));
  }
  header.width = static_cast<int>(width);
  header.height = static_cast<int>(height);
}

ImageHeader read_header(std::string_view bytes) {
  const std::optional<ImageFormat> format = sniff(bytes);
  if (!format) refuse_unknown(bytes);
  ImageHeader header = stored_header(bytes, *format);
  header.format = *format;
  if (swaps_sides(header.orientation)) std::swap(header.width, header.height);
  return header;
}

}  // namespace solstice
