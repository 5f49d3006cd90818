#include "pipelines/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

/// A signal reaches any thread, so waiting is never for long.
constexpr int kAskEveryMilliseconds = 100;

}  // namespace

bool wait_readable(int descriptor, const std::function<bool()>& stop) {
  while (!stop()) {
    pollfd waiting{descriptor, POLLIN, 0};
    if (poll(&waiting, 1, kAskEveryMilliseconds) > 0) return true;
  }
  return false;
}

bool LineReader::fill(const std::function<bool()>& stop) {
  while (wait_readable(descriptor_, stop)) {
    std::array<char, 1 << 16> piece;
    const ssize_t got = read(descriptor_, piece.data(), piece.size());
    if (got > 0) buffer_.append(piece.data(), static_cast<size_t>(got));
    if (got >= 0) return got > 0;
    if (errno != EINTR && errno != EAGAIN) {
      throw Error(ErrorKind::kInput,
                  message("standard input cannot be read: ", std::strerror(errno)));
    }
  }
  return false;
}

LineReader::Got LineReader::next(std::string& line, const std::function<bool()>& stop) {
  line.clear();
  bool too_long = false;
  size_t searched = 0;
  while (true) {
    const size_t end = buffer_.find('\n', searched);
    const bool more = end == std::string::npos;
    if (!too_long && std::min(end, buffer_.size()) > limit_) {
      too_long = true;
      line = buffer_.substr(0, limit_);
    }
    if (!more) {
      if (!too_long) line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return too_long ? Got::kTooLong : Got::kLine;
    }
    if (too_long) buffer_.clear();
    searched = buffer_.size();
    if (fill(stop)) continue;
    if (too_long) return Got::kTooLong;
    if (buffer_.empty() || stop()) return Got::kEnd;
    line.swap(buffer_);
    return Got::kLine;
  }
}

}  // namespace solstice
