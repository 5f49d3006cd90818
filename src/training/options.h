#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "core/options.h"
#include "data/options.h"
#include "models/trainers/options.h"
#include "training/schedule.h"

namespace solstice {

/// What follows a step that was undone because a loss or gradient was no number.
enum class OnNan { kRollback, kStop };
inline constexpr std::array<Name<OnNan>, 2> kOnNanNames{
    {{"rollback", OnNan::kRollback}, {"stop", OnNan::kStop}}};
constexpr std::span<const Name<OnNan>> name_table(OnNan) { return kOnNanNames; }

/// How long, how often, where to. Counters count optimiser steps.
struct RunOptions {
  std::string out;
  std::string recipe;  ///< its name, for the model's metadata
  bool resume = false;
  std::string init_from;
  int64_t steps = 0;
  ScheduleOptions schedule;
  int64_t accumulate = 1;
  double ema = 0;
  OnNan on_nan = OnNan::kRollback;
  int64_t log_every = 50;
  int64_t sample_every = 500;
  int64_t checkpoint_every = 500;
  int64_t keep_checkpoints = 2;
  bool tensorboard = true;
  int64_t seed = 1;
  int64_t threads = 0;
  int64_t workers = 2;
  std::string device = "auto";

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("out", self.out, "run directory: options, log, samples, checkpoints, model");
    visit("recipe", self.recipe, "named set of options, or a file of them");
    visit("resume", self.resume, "go on where the run in --out stopped, with its own options");
    visit("init-from", self.init_from,
          "begin with the weights of a model, a run or a .pth instead of random ones");
    visit("steps", self.steps,
          "end after N optimiser steps counted from the first start; 0: by epochs", Range{0, 1e12});
    ScheduleOptions::fields(self.schedule, visit);
    visit("accumulate", self.accumulate, "batches whose gradients make one step", Range{1, 1e6});
    visit("ema", self.ema,
          "decay of a running average of the generator, which is then the model; 0: none",
          Range{0, 0.9999999});
    visit("on-nan", self.on_nan,
          "after a loss or gradient that is no number; the step is undone either way");
    visit("log-every", self.log_every, "steps between lines of log.jsonl", Range{1, 1e12});
    visit("sample-every", self.sample_every, "steps between sample grids; 0: none", Range{0, 1e12});
    visit("checkpoint-every", self.checkpoint_every, "steps between checkpoints", Range{1, 1e12});
    visit("keep-checkpoints", self.keep_checkpoints, "how many checkpoints stay", Range{1, 1e6});
    visit("tensorboard", self.tensorboard, "write event files for TensorBoard too");
    visit("seed", self.seed, "decides weights, order, crops and dropout", Range{0, 9e15});
    visit("threads", self.threads, "threads that compute; 0: one per processor", Range{0, 1024});
    visit("workers", self.workers, "threads that load images", Range{1, 256});
    visit("device", self.device, "auto, cpu or cuda[:N]");
  }
};

/// How a run looks at images that it does not learn from.
struct ValidationOptions {
  int64_t validate_every = 500;
  std::string best_metric = "auto";
  int64_t early_stop = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("validate-every", self.validate_every,
          "steps between validations on the held-out images; 0: none", Range{0, 1e12});
    visit("best-metric", self.best_metric,
          "what best.safetensors is best at: l1, psnr, ssim, cycle_l1, ...; auto (l1 for pairs, "
          "none for unpaired images) or none");
    visit("early-stop", self.early_stop,
          "end after N validations in a row without a better best-metric; 0: never", Range{0, 1e9});
  }
};

/// Everything `train` can be told: what options.ini of a run holds.
struct TrainOptions {
  RunOptions run;
  ValidationOptions validation;
  DataOptions data;
  TrainerOptions trainer;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    RunOptions::fields(self.run, visit);
    ValidationOptions::fields(self.validation, visit);
    DataOptions::fields(self.data, visit);
    TrainerOptions::fields(self.trainer, visit);
  }
};

}  // namespace solstice
