#include "cli/cli.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>

#include "cli/command_line.h"
#include "cli/environment.h"
#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "core/stop.h"

namespace solstice {
namespace {

std::string overview() {
  std::string text =
      "solstice trains image-to-image networks and translates whole photo folders with them.\n\n"
      "usage: solstice COMMAND [options]\n\ncommands:\n";
  for (const Command& command : commands()) {
    text += message("  ", command.name, std::string(12 - command.name.size(), ' '), command.summary,
                    "\n");
  }
  return text +
         "\n`solstice COMMAND --help` lists the options of a command with their defaults.\n"
         "Every option can also stand in a --config file or in the environment as "
         "SOLSTICE_<OPTION>.\n";
}

const Command& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name == name) return command;
    names.emplace_back(command.name);
  }
  const std::string nearest = nearest_name(name, names);
  throw Error(ErrorKind::kUsage,
              message("unknown command \"", name, "\"; known are ", join(names),
                      nearest.empty() ? "" : " (did you mean \"" + nearest + "\"?)"));
}

int run_command(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << overview();
    return kNotDone;
  }
  const std::string& first = arguments.front();
  if (first == "--version" || first == "version") {
    std::cout << "solstice " << SOLSTICE_VERSION << "\n";
    return kDone;
  }
  if (first == "--help" || first == "-h" || first == "help") {
    const bool one = arguments.size() > 1 && arguments[1][0] != '-';
    std::cout << (one ? help_of(find_command(arguments[1])) : overview());
    return kDone;
  }
  const Command& command = find_command(first);
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  const auto end_of_flags = std::find(rest.begin(), rest.end(), "--");
  const bool help = std::any_of(rest.begin(), end_of_flags, [](const std::string& argument) {
    return argument == "--help" || argument == "-h";
  });
  if (help) {
    std::cout << help_of(command);
    return kDone;
  }
  warn_of_unknown_variables();
  return command.run(rest);
}

}  // namespace

std::string help_of(const Command& command) {
  std::string text =
      message("solstice ", command.name, ": ", command.summary, "\n\nusage: solstice ",
              command.name, " ", command.usage, "\n\noptions:\n");
  for (const Field& field : command.options()) {
    const bool is_switch = field.kind == FieldKind::kSwitch;
    std::string left = is_switch ? message("  --[no-]", field.name) : message("  --", field.name);
    left.resize(std::max<size_t>(left.size() + 1, 24), ' ');
    text += left + field.help;
    if (!field.choices.empty()) text += " (" + join(field.choices, " | ") + ")";
    const std::string value = is_switch ? (field.get() == "true" ? "on" : "off") : field.get();
    if (!value.empty()) text += " [" + value + "]";
    text += "\n";
  }
  return text;
}

int run_cli(int argc, char** argv) {
  install_stop_handlers();
  try {
    const int code = run_command({argv + 1, argv + argc});
    std::cout.flush();
    if (!std::cout) throw Error(ErrorKind::kOutput, "standard output cannot be written");
    return code;
  } catch (const Error& error) {
    clear_progress();
    log_error(error.what());
  } catch (const std::exception& error) {
    clear_progress();
    log_error(message("unexpected: ", error.what()));
  }
  return stop_signal() != 0 ? 128 + stop_signal() : kNotDone;
}

}  // namespace solstice
