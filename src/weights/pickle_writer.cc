#include "weights/pickle_writer.h"

#include <bit>
#include <cstring>

namespace solstice {
namespace {

template <class T>
std::string little_endian(T value) {
  static_assert(std::endian::native == std::endian::little);
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

}  // namespace

PickleWriter& PickleWriter::global(std::string_view module, std::string_view name) {
  bytes_ += 'c';
  bytes_ += module;
  bytes_ += '\n';
  bytes_ += name;
  bytes_ += '\n';
  return *this;
}

PickleWriter& PickleWriter::text(std::string_view text) {
  bytes_ += 'X';
  bytes_ += little_endian(static_cast<uint32_t>(text.size()));
  bytes_ += text;
  return *this;
}

PickleWriter& PickleWriter::integer(int64_t value) {
  if (value >= 0 && value <= UINT8_MAX) {
    bytes_ += 'K';
    bytes_ += static_cast<char>(value);
  } else if (value >= INT32_MIN && value <= INT32_MAX) {
    bytes_ += 'J';
    bytes_ += little_endian(static_cast<int32_t>(value));
  } else {
    bytes_ += "\x8a\x08";
    bytes_ += little_endian(value);
  }
  return *this;
}

PickleWriter& PickleWriter::integer_tuple(std::span<const int64_t> values) {
  op('(');
  for (const int64_t value : values) integer(value);
  return op('t');
}

}  // namespace solstice
