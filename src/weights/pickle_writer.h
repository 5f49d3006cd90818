#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace solstice {

/// Writes the opcodes of a pickle of protocol 2, as torch.save uses them. Each call adds one value
/// or operation; nothing is checked.
class PickleWriter {
 public:
  PickleWriter() : bytes_("\x80\x02") {}

  PickleWriter& op(char code) {  ///< an opcode without operand, e.g. '(' or 'u'
    bytes_ += code;
    return *this;
  }
  PickleWriter& global(std::string_view module, std::string_view name);
  PickleWriter& text(std::string_view text);
  PickleWriter& integer(int64_t value);
  PickleWriter& boolean(bool value) { return op(value ? '\x88' : '\x89'); }
  PickleWriter& integer_tuple(std::span<const int64_t> values);

  /// STOP, and the bytes.
  std::string finish() { return bytes_ + '.'; }

 private:
  std::string bytes_;
};

}  // namespace solstice
