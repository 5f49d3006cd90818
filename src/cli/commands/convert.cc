#include "weights/convert.h"

#include <iostream>

#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "core/error.h"
#include "core/log.h"
#include "core/message.h"

namespace solstice {

std::vector<Field> convert_options() {
  static GlobalOptions defaults;
  return fields_of(defaults);
}

int run_convert(const std::vector<std::string>& arguments) {
  GlobalOptions options;
  const std::vector<Field> fields = fields_of(options);
  const TypedArguments typed = parse_arguments(arguments, fields);
  apply_in_order(fields, typed, {}, "");
  set_log_level(options.quiet ? LogLevel::kQuiet : LogLevel::kNormal);
  if (typed.positional.size() != 2) {
    throw Error(ErrorKind::kUsage,
                message("convert takes two files, IN and OUT; found ", typed.positional.size()));
  }
  const std::string summary = convert_weights(typed.positional[0], typed.positional[1]);
  log_info(summary);
  return kDone;
}

}  // namespace solstice
