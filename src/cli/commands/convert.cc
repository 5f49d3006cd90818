#include "weights/convert.h"

#include <filesystem>

#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "inference/model_path.h"

namespace solstice {

std::vector<Field> convert_options() {
  static GlobalOptions defaults;
  return fields_of(defaults);
}

int run_convert(const std::vector<std::string>& arguments) {
  GlobalOptions options;
  const auto positional = begin_command(arguments, fields_of(options), options);
  if (positional.size() != 2) {
    throw Error(ErrorKind::kUsage,
                message("convert takes two files, IN and OUT; found ", positional.size()));
  }
  // A run is a folder that holds its model.
  const bool is_run = std::filesystem::is_directory(positional[0]);
  const std::string in = is_run ? resolve_model_path(positional[0]) : positional[0];
  const std::string summary = convert_weights(in, positional[1]);
  log_info(summary);
  return kDone;
}

}  // namespace solstice
