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

/// "1 image", "2 images".
template <class Count>
std::string counted(Count count, const std::string& noun) {
  return message(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace solstice
