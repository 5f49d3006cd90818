#pragma once

#include <string>

namespace solstice {

/// Warnings and progress go to stderr, results to stdout. Safe from any thread.
enum class LogLevel { kQuiet, kNormal };

void set_log_level(LogLevel level);

void log_info(const std::string& text);     ///< not shown when quiet
void log_warning(const std::string& text);  ///< "warning: ..."
void log_error(const std::string& text);    ///< "error: ..."

/// Replaces the one progress line at the foot of the terminal. Does nothing when quiet or when
/// stderr is no terminal. Other log lines are printed above it.
void show_progress(const std::string& line);

/// Removes the progress line.
void clear_progress();

bool stderr_is_terminal();

/// Control characters (but not UTF-8) as \xNN, so that a hostile file name cannot drive a terminal
/// and a line stays one.
std::string printable(const std::string& text);

/// "0.8 s", "1 min 20 s", "3 h 05 min".
std::string format_duration(double seconds);

}  // namespace solstice
