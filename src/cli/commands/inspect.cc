#include "inference/inspect.h"

#include <iostream>

#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "core/error.h"
#include "core/log.h"
#include "core/message.h"

namespace solstice {
namespace {

/// "key: value" lines; objects and arrays in one line of JSON, nested fields indented.
void print_text(const nlohmann::ordered_json& object, const std::string& indent) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      std::cout << indent << key << ":\n";
      print_text(value, indent + "  ");
    } else if (value.is_array() && !value.empty()) {
      std::cout << indent << key << ":\n";
      for (const auto& entry : value) {
        std::cout << indent << "  " << (entry.is_string() ? entry.get<std::string>() : entry.dump())
                  << "\n";
      }
    } else {
      std::cout << indent << key << ": "
                << (value.is_string() ? printable(value.get<std::string>()) : value.dump()) << "\n";
    }
  }
}

}  // namespace

std::vector<Field> inspect_options() {
  static GlobalOptions defaults;
  return fields_of(defaults);
}

int run_inspect(const std::vector<std::string>& arguments) {
  GlobalOptions options;
  const auto positional = begin_command(arguments, fields_of(options), options);
  if (positional.empty()) {
    throw Error(ErrorKind::kUsage, "no file: name models, runs or weight files to inspect");
  }
  size_t failed = 0;
  for (const std::string& path : positional) {
    try {
      const nlohmann::ordered_json object = inspect_model(path);
      if (options.json) {
        std::cout << object.dump() << "\n";
      } else {
        print_text(object, "");
        if (positional.size() > 1) std::cout << "\n";
      }
    } catch (const Error& error) {
      log_error(error.what());
      ++failed;
    }
  }
  if (failed == 0) return kDone;
  return failed == positional.size() ? kNotDone : kSomeFailed;
}

}  // namespace solstice
