#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "weights/failure.h"

namespace solstice {

static_assert(std::endian::native == std::endian::little, "weight files are little-endian");

/// A cursor over bytes that are not ours. Nothing is read past the end: every call that would do so
/// throws Error(kWeights) "is cut off in WHAT: ...". The bytes must outlive what is taken.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes, uint64_t position = 0)
      : bytes_(bytes), position_(position) {
    if (position > bytes.size()) cut_off("the file", 0);
  }

  std::string_view take(uint64_t count, const char* what) {
    if (count > left()) cut_off(what, count);
    const std::string_view taken = bytes_.substr(position_, count);
    position_ += count;
    return taken;
  }

  template <std::integral T>
  T number(const char* what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  /// Up to the next line feed, which is consumed and not part of the result.
  std::string_view line(const char* what) {
    const size_t end = bytes_.find('\n', position_);
    if (end == std::string_view::npos) cut_off(what, left() + 1);
    const std::string_view text = take(end - position_, what);
    ++position_;
    return text;
  }

  uint64_t position() const { return position_; }
  uint64_t left() const { return bytes_.size() - position_; }

 private:
  [[noreturn]] void cut_off(const char* what, uint64_t count) const {
    fail_weights("is cut off in ", what, ": needs ", count, " bytes at byte ", position_,
                 ", there are ", position_ > bytes_.size() ? 0 : left());
  }

  std::string_view bytes_;
  uint64_t position_;
};

}  // namespace solstice
