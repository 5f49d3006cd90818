#include "pipelines/selection.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "core/message.h"
#include "core/stop.h"
#include "pipelines/line_reader.h"

namespace solstice {
namespace {

constexpr size_t kLargestList = size_t{1} << 30;

/// Not read_file(), which refuses pipes: `--files-from <(find ...)` is one. What is typed may be
/// long in coming, so that a stop does not wait for its end.
std::string read_all(int descriptor, const std::string& name) {
  std::string text;
  std::vector<char> piece(size_t{1} << 16);
  while (wait_readable(descriptor, [] { return stop_signal() != 0; })) {
    const ssize_t got = read(descriptor, piece.data(), piece.size());
    if (got == 0) return text;
    if (got < 0 && errno != EINTR && errno != EAGAIN) {
      throw Error(ErrorKind::kInput, message(name, ": cannot be read: ", std::strerror(errno)));
    }
    text.append(piece.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (text.size() > kLargestList) {
      throw Error(ErrorKind::kInput, message(name, ": has more than ", kLargestList, " bytes"));
    }
  }
  throw Error(ErrorKind::kInput, message(name, ": stopped before its end was read"));
}

std::string read_all(const std::string& file) {
  if (file == "-") return read_all(STDIN_FILENO, "standard input");
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    throw Error(ErrorKind::kInput, message(file, ": cannot be read: ", std::strerror(errno)));
  }
  const std::unique_ptr<const int, void (*)(const int*)> closed(&descriptor,
                                                                [](const int* it) { close(*it); });
  return read_all(descriptor, file);
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
  const std::string text = read_all(file);
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
