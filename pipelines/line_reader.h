#pragma once

#include <functional>
#include <string>

namespace solstice {

/// Lines of a pipe, a terminal or a file that somebody may still be writing, as they come.
class LineReader {
 public:
  enum class Got { kLine, kTooLong, kEnd };

  /// The descriptor stays the caller's. No line may have more than `limit` bytes.
  LineReader(int descriptor, size_t limit) : descriptor_(descriptor), limit_(limit) {}

  /// Waits for the next line, without its line feed; a last one without a line feed counts.
  /// kTooLong: `line` has its beginning, and the rest is passed over. kEnd: nothing more comes, or
  /// `stop` (asked ten times a second while nothing comes) says true. Throws Error(kInput).
  Got next(std::string& line, const std::function<bool()>& stop);

 private:
  bool fill(const std::function<bool()>& stop);

  int descriptor_;
  size_t limit_;
  std::string buffer_;
};

/// Waits until the descriptor can be read; false when `stop` says true before.
bool wait_readable(int descriptor, const std::function<bool()>& stop);

}  // namespace solstice
