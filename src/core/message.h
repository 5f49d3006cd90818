#pragma once

#include <sstream>
#include <string>

namespace solstice {

/// Joins its arguments with no separator: message("found ", 3, " files").
template <class... Parts>
std::string message(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace solstice
