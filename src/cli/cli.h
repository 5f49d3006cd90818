#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"

namespace solstice {

/// One row a command. To add one: a file under commands/, and a row in commands.cc.
struct Command {
  std::string_view name;
  std::string_view summary;
  std::string_view usage;  ///< after "solstice NAME": "INPUT... --model M --out DIR"
  /// Defaults of every option, for help and the README test.
  std::vector<Field> (*options)();
  /// Runs with the arguments after the command's name; returns the exit code. Throws Error.
  int (*run)(const std::vector<std::string>& arguments);
};
std::span<const Command> commands();

/// 0 everything done, 1 some files failed, 2 the run could not be done, 130/143 stopped by signal.
enum ExitCode { kDone = 0, kSomeFailed = 1, kNotDone = 2 };

/// The whole program. Catches everything, prints one line, returns the exit code.
int run_cli(int argc, char** argv);

/// The help of one command, as `solstice NAME --help` prints it.
std::string help_of(const Command& command);

}  // namespace solstice
