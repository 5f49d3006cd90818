#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "core/log.h"
#include "core/message.h"

namespace solstice {

/// Ends the reading of a weight file. The parts join to one line that continues "FILE: ".
template <class... Parts>
[[noreturn]] void fail_weights(const Parts&... parts) {
  throw Error(ErrorKind::kWeights, message(parts...));
}

/// Text out of a file, fit for a message: in quotes, printable, and not longer than a line.
inline std::string in_quotes(std::string_view text) {
  constexpr size_t kLongest = 80;
  const bool is_long = text.size() > kLongest;
  return message('"', printable(std::string(text.substr(0, kLongest))), is_long ? "...\"" : "\"");
}

}  // namespace solstice
