#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace solstice::testing {

/// What a finished program left: its exit code (128 + signal when killed) and what it printed.
struct Finished {
  int code = 0;
  std::string out;
  std::string err;
};

struct ProgramOptions {
  std::filesystem::path directory;                 ///< working directory; empty: the caller's
  std::map<std::string, std::string> environment;  ///< added to the caller's
  std::filesystem::path input;                     ///< standard input; empty: nothing
  bool as_nobody = false;                          ///< drop root's rights first (needs root)
  int64_t file_size_limit = 0;                     ///< bytes a written file may have; 0: no limit
  /// Called with everything printed so far, on each new piece; returning a signal sends it.
  std::function<int(const std::string& out, const std::string& err)> watch;
};

/// Runs a program to its end. Throws std::runtime_error when it cannot be started.
Finished run_program(const std::vector<std::string>& command, const ProgramOptions& options = {});

/// The solstice binary of this build with these arguments.
Finished run_solstice(std::vector<std::string> arguments, const ProgramOptions& options = {});

/// Lines of a text.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace solstice::testing
