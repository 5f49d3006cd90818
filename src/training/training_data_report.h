#pragma once

#include <set>
#include <string>

#include "data/training_data.h"
#include "models/trainers/trainer.h"
#include "training/options.h"

namespace solstice {

/// Opens a run's data, says on stderr how the folders were read and which files are left out and
/// why (single-coloured and damaged images among them, as far as a look of two seconds finds
/// them), and checks that the generator can take every size. `reported` gets a line for
/// each.
/// Throws as open_training_data.
TrainingData open_and_report(const TrainOptions& options, std::set<std::string>& reported);

/// "G_A 11.38 M, D_A 2.76 M parameters".
std::string parameter_counts(Trainer& trainer);

}  // namespace solstice
