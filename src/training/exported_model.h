#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "models/trainers/trainer.h"
#include "training/options.h"

namespace solstice {

/// Writes what translate needs of a trainer: the exported networks under their prefixes, and how
/// they came to be. `metrics`: of the last validation, empty without one.
void write_exported_model(const std::string& path, Trainer& trainer, const TrainOptions& options,
                          int64_t step, const nlohmann::ordered_json& metrics);

}  // namespace solstice
