#pragma once

#include <string>

#include "training/options.h"

namespace solstice {

/// What can be known to be wrong with the options of a run before anything is read or built.
/// Throws Error(kUsage), one line that names the flag.
void check_options_fit(const TrainOptions& options);

/// The same for what needs a validation set. `metric`: the one that chooses the best model, ""
/// for none.
void check_validation_is_there(const TrainOptions& options, const std::string& metric, bool there);

}  // namespace solstice
