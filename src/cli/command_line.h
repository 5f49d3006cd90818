#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/options.h"

namespace solstice {

/// Options that every command has.
struct GlobalOptions {
  std::string config;
  bool quiet = false;
  bool json = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("config", self.config, "file of \"key = value\" lines");
    visit("quiet", self.quiet, "only warnings and errors");
    visit("json", self.json, "results as JSON, one object a line");
  }
};

/// Values by option name, from one place (a config file, a recipe).
using KeyValues = std::map<std::string, std::string>;

/// What stood on the command line, before any of it was applied.
struct TypedArguments {
  KeyValues flags;  ///< by modern name; a switch has "true" or "false"
  std::vector<std::string> positional;
  bool help = false;
};

/// Splits arguments by the fields they may name (Boost.Program_options does the syntax:
/// `--name value`, `--name=value`, `--switch`, `--no-switch`). Reference spellings are taken from
/// the alias table and answered with the modern name on stderr, once each. Throws Error(kUsage) for
/// an unknown option, naming the nearest known one.
TypedArguments parse_arguments(const std::vector<std::string>& arguments,
                               const std::vector<Field>& fields);

/// `key = value` lines of a file. Throws Error(kUsage) naming file and line.
KeyValues read_config(const std::string& path);

/// Sets fields from values of one place; `origin` ("recipe day2night", "runs/a/options.ini") leads
/// every message. Throws Error(kUsage) for a key that no field has.
void apply(const std::vector<Field>& fields, const KeyValues& values, const std::string& origin);

/// The path of a recipe: a file, or the name of one in the installed share folder or the source
/// tree. Throws Error(kUsage) that lists the known ones.
std::string find_recipe(const std::string& name);

/// Applies everything in order of precedence: recipe, then `base` (a resumed run's options), config
/// file, environment, flags.
void apply_in_order(const std::vector<Field>& fields, const TypedArguments& typed,
                    const KeyValues& base, const std::string& base_origin);

/// What a command begins with: parses its arguments, applies everything in order, sets the log
/// level and returns the positional arguments. `global` belongs to the struct that `fields` point
/// into.
std::vector<std::string> begin_command(const std::vector<std::string>& arguments,
                                       const std::vector<Field>& fields,
                                       const GlobalOptions& global);

}  // namespace solstice
