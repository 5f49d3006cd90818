#pragma once

#include <cstdint>
#include <string>

#include "core/options.h"
#include "data/options.h"
#include "models/trainers/options.h"

namespace solstice {

/// How long, how often, where to. Counters count optimiser steps.
struct RunOptions {
  std::string out;
  std::string recipe;  ///< its name, for the model's metadata
  bool resume = false;
  int64_t steps = 0;
  int64_t epochs = 100;
  int64_t epochs_decay = 100;
  int64_t log_every = 50;
  int64_t sample_every = 500;
  int64_t checkpoint_every = 500;
  int64_t keep_checkpoints = 2;
  int64_t seed = 1;
  int64_t threads = 0;
  int64_t workers = 2;
  std::string device = "auto";

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("out", self.out, "run directory: options, log, samples, checkpoints, model");
    visit("recipe", self.recipe, "named set of options, or a file of them");
    visit("resume", self.resume, "go on where the run in --out stopped, with its own options");
    visit("steps", self.steps,
          "end after N optimiser steps counted from the first start; 0: by epochs", Range{0, 1e12});
    visit("epochs", self.epochs, "epochs at the full learning rate", Range{0, 1e9});
    visit("epochs-decay", self.epochs_decay, "epochs of linear decay after them", Range{0, 1e9});
    visit("log-every", self.log_every, "steps between lines of log.jsonl", Range{1, 1e12});
    visit("sample-every", self.sample_every, "steps between sample grids; 0: none", Range{0, 1e12});
    visit("checkpoint-every", self.checkpoint_every, "steps between checkpoints", Range{1, 1e12});
    visit("keep-checkpoints", self.keep_checkpoints, "how many checkpoints stay", Range{1, 1e6});
    visit("seed", self.seed, "decides weights, order, crops and dropout", Range{0, 9e15});
    visit("threads", self.threads, "threads that compute; 0: one per processor", Range{0, 1024});
    visit("workers", self.workers, "threads that load images", Range{1, 256});
    visit("device", self.device, "auto, cpu or cuda[:N]");
  }
};

/// Everything `train` can be told: what options.ini of a run holds.
struct TrainOptions {
  RunOptions run;
  DataOptions data;
  TrainerOptions trainer;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    RunOptions::fields(self.run, visit);
    DataOptions::fields(self.data, visit);
    TrainerOptions::fields(self.trainer, visit);
  }
};

}  // namespace solstice
