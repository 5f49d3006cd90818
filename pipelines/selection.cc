#include "pipelines/selection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

constexpr size_t kLargestList = size_t{1} << 30;

/// Not read_file(), which refuses pipes: `--files-from <(find ...)` is one.
std::string read_all(std::istream& in, const std::string& name) {
  std::string text;
  std::vector<char> piece(size_t{1} << 16);
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece.data(), static_cast<size_t>(in.gcount()));
    if (text.size() > kLargestList) {
      throw Error(ErrorKind::kInput, message(name, ": has more than ", kLargestList, " bytes"));
    }
  }
  if (!in.eof() || in.bad()) {
    throw Error(ErrorKind::kInput, message(name, ": cannot be read: ", std::strerror(errno)));
  }
  return text;
}

}  // namespace

Selection::Selection(const SelectionOptions& options) {
  for (const std::string& pattern : options.include) include_.emplace_back("--include", pattern);
  for (const std::string& pattern : options.exclude) exclude_.emplace_back("--exclude", pattern);
}

bool Selection::takes(std::string_view relative) const {
  const auto matches = [&](const Glob& glob) { return glob.matches(relative); };
  return (include_.empty() || std::any_of(include_.begin(), include_.end(), matches)) &&
         std::none_of(exclude_.begin(), exclude_.end(), matches);
}

std::vector<std::string> read_names(const std::string& file) {
  std::string text;
  if (file == "-") {
    text = read_all(std::cin, "standard input");
  } else {
    std::ifstream in(file, std::ios::binary);
    text = read_all(in, file);
  }
  const bool by_nul = text.find('\0') != std::string::npos;
  std::vector<std::string> names;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(by_nul ? '\0' : '\n', begin), text.size());
    std::string name = text.substr(begin, end - begin);
    if (!by_nul && name.ends_with('\r')) name.pop_back();
    if (!name.empty()) names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

}  // namespace solstice
