#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "training/options.h"

namespace solstice {

/// What a training run came to.
struct TrainSummary {
  int64_t steps = 0;       ///< optimiser steps since the first start
  int64_t first_step = 0;  ///< steps that were there already when this call began
  int64_t epoch = 0;       ///< 1-based epoch of the last step
  int64_t bad_files = 0;   ///< samples left out or replaced, each reported
  bool complete = false;   ///< every step that was asked for is done
  double seconds = 0;
  std::string model;                     ///< path of the model file
  std::map<std::string, double> losses;  ///< last logged
};

/// Trains as the options say, in the run directory options.run.out (design: "A run"). A stop signal
/// saves and returns with complete == false. Throws Error: kUsage (options that do not fit
/// together, a run that is there already without --resume), kInput (no usable data), kOutput (the
/// run directory cannot be written), kRun (a loss that is no number).
TrainSummary run_training(const TrainOptions& options);

}  // namespace solstice
