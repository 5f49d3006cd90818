#pragma once

#include <memory>

#include "models/trainers/trainer.h"

namespace solstice {

/// Regression (Lim et al. 2017): the generator's L1 distance to the target, which is `scale` times
/// as large as the input, and nothing else. Loss: G_L1, in [-1, 1] units and unweighted.
std::unique_ptr<Trainer> make_superres(const TrainerOptions& options);

}  // namespace solstice
