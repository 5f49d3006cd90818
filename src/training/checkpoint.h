#pragma once

#include <cstdint>
#include <filesystem>

#include "models/trainers/trainer.h"
#include "training/options.h"
#include "training/run_directory.h"

namespace solstice {

/// Everything a resume needs, as checkpoints/<step>/: `<network>.safetensors`,
/// `<optimizer>.optimizer.safetensors`, `trainer.safetensors` (pools and the like) and `state.json`
/// (step, and the options that must not change). What a step draws at random is a function of
/// (seed, step), and the data's order of (seed, epoch), so no generator's state has to be kept.
void save_checkpoint(RunDirectory& run, int64_t step, Trainer& trainer,
                     const TrainOptions& options);

/// Puts a checkpoint back into a trainer built from the same options and returns its step. Throws
/// Error(kUsage) naming the options that differ from those it was trained with, Error(kWeights) for
/// a file that is missing or damaged.
int64_t load_checkpoint(const std::filesystem::path& checkpoint, Trainer& trainer,
                        const TrainOptions& options);

}  // namespace solstice
