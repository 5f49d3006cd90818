#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.h"

namespace solstice {

enum class Endian { kLittle, kBig };

/// Numbers at byte offsets of an encoded file. Every read is checked; one outside the bytes throws
/// Error(kInput) "is cut off inside its header".
class ByteView {
 public:
  ByteView(std::string_view bytes, Endian endian) : bytes_(bytes), endian_(endian) {}

  size_t size() const { return bytes_.size(); }
  bool has(size_t offset, size_t count) const {
    return offset <= bytes_.size() && count <= bytes_.size() - offset;
  }
  std::string_view slice(size_t offset, size_t count) const {
    check(offset, count);
    return bytes_.substr(offset, count);
  }
  uint32_t u8(size_t offset) const { return number(offset, 1); }
  uint32_t u16(size_t offset) const { return number(offset, 2); }
  uint32_t u32(size_t offset) const { return number(offset, 4); }

 private:
  void check(size_t offset, size_t count) const {
    if (!has(offset, count)) throw Error(ErrorKind::kInput, "is cut off inside its header");
  }
  uint32_t number(size_t offset, size_t count) const {
    check(offset, count);
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const size_t at = endian_ == Endian::kBig ? offset + i : offset + count - 1 - i;
      value = value << 8 | static_cast<unsigned char>(bytes_[at]);
    }
    return value;
  }

  std::string_view bytes_;
  Endian endian_;
};

}  // namespace solstice
