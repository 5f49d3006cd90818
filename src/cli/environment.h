#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "core/options.h"

namespace solstice {

/// "SOLSTICE_BATCH_SIZE" for "batch-size".
std::string variable_of(const std::string& option);

/// SOLSTICE_<KEY> for every field: `SOLSTICE_BATCH_SIZE=4`.
KeyValues read_environment(const std::vector<Field>& fields);

/// A warning for each SOLSTICE_ variable that is no command's option, with the nearest one that is.
/// No error, unlike an unknown flag: the environment is shared by commands and programs.
void warn_of_unknown_variables();

}  // namespace solstice
