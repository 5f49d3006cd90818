#include "core/log.h"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <mutex>

namespace solstice {
namespace {

std::mutex g_mutex;
std::string g_progress;
LogLevel g_level = LogLevel::kNormal;

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("solstice", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>());
    made.set_pattern("%v");
    made.flush_on(spdlog::level::info);
    return made;
  }();
  return instance;
}

void draw(const std::string& line) {
  winsize size{};
  const size_t width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1
                           ? static_cast<size_t>(size.ws_col - 1)
                           : 79;
  std::fprintf(stderr, "\r%s\x1b[K", line.substr(0, width).c_str());
  std::fflush(stderr);
}

void print(spdlog::level::level_enum level, const std::string& text) {
  const std::lock_guard lock(g_mutex);
  if (g_level == LogLevel::kQuiet && level < spdlog::level::warn) return;
  if (!g_progress.empty()) draw("");
  logger().log(level, "{}", text);
  if (!g_progress.empty()) draw(g_progress);
}

}  // namespace

void set_log_level(LogLevel level) {
  const std::lock_guard lock(g_mutex);
  g_level = level;
}

void log_info(const std::string& text) { print(spdlog::level::info, printable(text)); }
void log_warning(const std::string& text) {
  print(spdlog::level::warn, "warning: " + printable(text));
}
void log_error(const std::string& text) { print(spdlog::level::err, "error: " + printable(text)); }

void show_progress(const std::string& line) {
  const std::lock_guard lock(g_mutex);
  if (g_level == LogLevel::kQuiet || !stderr_is_terminal()) return;
  g_progress = printable(line);
  draw(g_progress);
}

void clear_progress() {
  const std::lock_guard lock(g_mutex);
  if (g_progress.empty()) return;
  g_progress.clear();
  draw("");
}

bool stderr_is_terminal() {
  static const bool terminal = isatty(STDERR_FILENO) == 1;
  return terminal;
}

std::string printable(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", code);
      shown += escaped;
    } else {
      shown += c;
    }
  }
  return shown;
}

std::string format_duration(double seconds) {
  char text[64];
  if (!(seconds >= 0 && seconds < 1e12)) return "?";
  const auto whole = std::llround(seconds);
  if (seconds < 59.95) {  // what would not be printed as 60.0
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else if (whole < 3600) {
    std::snprintf(text, sizeof text, "%lld min %02lld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld h %02lld min", whole / 3600, whole % 3600 / 60);
  }
  return text;
}

}  // namespace solstice
