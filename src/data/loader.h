#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace solstice {

/// Batches in a fixed order, prepared ahead on oneTBB workers. Which samples make batch `k` and
/// how they are augmented is a function of (seed, k) alone: the order of (seed, epoch), the
/// augmentation of (seed, epoch, index). So a loader opened at batch k goes on exactly where
/// another stopped. The last partial batch of an epoch is kept. A sample whose file cannot be
/// decoded is replaced by the next one in the epoch's order, reported once, and counted.
class Loader {
 public:
  /// `first_batch`: batches already eaten since the start of training. `workers` and `ahead` bound
  /// the memory: at most `ahead` batches wait or are being made. `dataset` must outlive the loader.
  Loader(const Dataset& dataset, const DataOptions& options, uint64_t seed, int64_t first_batch,
         int64_t workers, int64_t ahead);
  ~Loader();

  int64_t batches_per_epoch() const;

  /// The next batch; waits for it. Throws Error(kInput) when not one sample of the data set can be
  /// read. Not thread-safe, nor is anything below.
  Batch next();

  /// Seconds that next() has waited, so far.
  double waited_seconds() const;

  /// Samples that next() has replaced so far, by name; `what` names the file and the reason. Each
  /// file once.
  std::vector<DataProblem> failures() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace solstice
