#include "image/exif.h"

#include <algorithm>
#include <opencv2/core.hpp>

namespace solstice {
namespace {

constexpr uint32_t kOrientationTag = 274;

Endian endian_of(std::string_view bytes) {
  if (bytes.starts_with(std::string_view("II*\0", 4))) return Endian::kLittle;
  if (bytes.starts_with(std::string_view("MM\0*", 4))) return Endian::kBig;
  throw Error(ErrorKind::kInput, "is damaged: no TIFF structure");
}

size_t bytes_of_type(uint32_t type) {
  switch (type) {
    case 3:  // SHORT
    case 8:  // signed
      return 2;
    case 4:   // LONG
    case 9:   // signed
    case 11:  // float
    case 13:  // directory
      return 4;
    case 5:   // RATIONAL
    case 10:  // signed
    case 12:  // double
      return 8;
    default:
      return 1;
  }
}

}  // namespace

const TiffStructure::Field* TiffStructure::Directory::find(uint32_t tag) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [tag](const Field& field) { return field.tag == tag; });
  return found == fields.end() ? nullptr : &*found;
}

TiffStructure::TiffStructure(std::string_view bytes)
    : endian_(endian_of(bytes)), view_(bytes, endian_) {}

TiffStructure::Directory TiffStructure::directory(uint32_t offset) const {
  const uint32_t count = view_.u16(offset);
  size_t entry = size_t{offset} + 2;
  view_.slice(entry, size_t{count} * 12);
  Directory result;
  result.fields.reserve(count);
  for (uint32_t i = 0; i < count; ++i, entry += 12) {
    Field field;
    field.tag = view_.u16(entry);
    field.type = view_.u16(entry + 2);
    field.count = view_.u32(entry + 4);
    field.entry = entry;
    const bool inside = field.count <= 4 / bytes_of_type(field.type);
    field.data = inside ? entry + 8 : view_.u32(entry + 8);
    result.fields.push_back(field);
  }
  // Some writers of EXIF leave out the offset of the next directory at the very end.
  result.next = view_.has(entry, 4) ? view_.u32(entry) : 0;
  return result;
}

uint32_t TiffStructure::value(const Field& field, uint32_t index) const {
  const size_t width = bytes_of_type(field.type);
  if (index >= field.count || width > 4) {
    throw Error(ErrorKind::kInput, "is damaged: a TIFF field without a whole number");
  }
  const size_t at = field.data + size_t{index} * width;
  if (width == 1) return view_.u8(at);
  return width == 2 ? view_.u16(at) : view_.u32(at);
}

std::string_view TiffStructure::bytes_of(const Field& field) const {
  return view_.slice(field.data, size_t{field.count} * bytes_of_type(field.type));
}

uint32_t TiffStructure::value_of(const Directory& directory, uint32_t tag,
                                 uint32_t fallback) const {
  const Field* field = directory.find(tag);
  return field == nullptr ? fallback : value(*field);
}

std::string_view without_exif_mark(std::string_view block) {
  if (block.starts_with(kExifMark)) block.remove_prefix(kExifMark.size());
  return block;
}

int exif_orientation(std::string_view block) {
  try {
    const TiffStructure exif(without_exif_mark(block));
    const uint32_t value =
        exif.value_of(exif.directory(exif.first_directory()), kOrientationTag, 1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  } catch (const Error&) {
    return 1;
  }
}

cv::Mat oriented(const cv::Mat& stored, int orientation) {
  cv::Mat seen;
  switch (orientation) {
    case 2:
      cv::flip(stored, seen, 1);
      break;
    case 3:
      cv::rotate(stored, seen, cv::ROTATE_180);
      break;
    case 4:
      cv::flip(stored, seen, 0);
      break;
    case 5:
      cv::transpose(stored, seen);
      break;
    case 6:
      cv::rotate(stored, seen, cv::ROTATE_90_CLOCKWISE);
      break;
    case 7: {
      cv::Mat transposed;
      cv::transpose(stored, transposed);
      cv::rotate(transposed, seen, cv::ROTATE_180);
      break;
    }
    case 8:
      cv::rotate(stored, seen, cv::ROTATE_90_COUNTERCLOCKWISE);
      break;
    default:
      return stored;
  }
  return seen;
}

}  // namespace solstice
