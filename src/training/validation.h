#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "data/dataset.h"
#include "models/trainers/trainer.h"
#include "training/options.h"

namespace solstice {

/// The mean of every metric over a held-out data set, by name: "l1", "psnr", "ssim" for pairs,
/// "cycle_l1", ... for unpaired images (both ways together). Images are compared as 8-bit pixels,
/// as translate would write them. Throws Error(kInput) when not one sample can be read; one that
/// cannot is left out and said.
nlohmann::ordered_json validate(Trainer& trainer, const Dataset& held_out, Inputs inputs,
                                at::Device device);

/// The metric that --best-metric means to a trainer ("auto" resolved), "" for none. Throws
/// Error(kUsage) for one that its validation does not have.
std::string best_metric(const ValidationOptions& options, const TrainerRow& row);

/// Which way that metric gets better.
Better better_of(const std::string& metric);

/// The best value so far, and how long ago it was seen.
struct BestSoFar {
  double value = 0;
  int64_t step = 0;  ///< 0: none yet
  int64_t validations_since = 0;

  /// True when `now` is the best.
  bool look(double now, int64_t step, Better better);
};

}  // namespace solstice
