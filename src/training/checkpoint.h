#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "models/trainers/trainer.h"
#include "training/nan_watch.h"
#include "training/options.h"
#include "training/run_directory.h"
#include "training/validation.h"

namespace solstice {

/// What the loop itself keeps between steps.
struct Progress {
  int64_t step = 0;
  NanWatch::State nan;
  Plateau::State plateau;
  BestSoFar best;
  nlohmann::ordered_json metrics = nlohmann::ordered_json::object();  ///< of the last validation
  TensorList average;                                                 ///< of --ema; empty without
};

/// Writes everything a resume needs as checkpoints/<step>/: `<network>.safetensors`,
/// `<optimizer>.optimizer.safetensors`, `trainer.safetensors` (pools, loss scale),
/// `average.safetensors` (with --ema) and `state.json` (progress, and the options that must not
/// change). What a step draws at random is a function of (seed, step), and the data's order of
/// (seed, epoch), so no generator's state has to be kept. Tensors are written from any device.
void save_checkpoint(RunDirectory& run, const Progress& progress, Trainer& trainer,
                     const TrainOptions& options);

/// Puts a checkpoint back into a trainer built from the same options, on whatever device it is.
/// Throws Error(kUsage) naming the options that differ from those it was trained with,
/// Error(kWeights) for a file that is missing or damaged.
Progress load_checkpoint(const std::filesystem::path& checkpoint, Trainer& trainer,
                         const TrainOptions& options);

}  // namespace solstice
