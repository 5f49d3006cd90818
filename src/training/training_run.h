#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/loader.h"
#include "data/training_data.h"
#include "models/trainers/trainer.h"
#include "training/checkpoint.h"
#include "training/generator_average.h"
#include "training/run_directory.h"
#include "training/run_training.h"
#include "training/step_log.h"

namespace solstice {

/// One training run: the loop, and what it keeps between steps. The loop knows no loss by name.
class TrainingRun {
 public:
  explicit TrainingRun(const TrainOptions& options);
  TrainSummary run();

 private:
  void open_data();
  void open_directory();
  void build_trainer();
  void begin_or_resume();
  void begin_from_other_weights();
  void set_rates(int64_t step);
  void take_step(Loader& loader);
  std::vector<Batch> next_batches(Loader& loader);
  void answer_trouble(const Reading& reading);
  void write_log_line(const Reading& reading, const Loader& loader);
  void validate_now();
  void write_samples();
  void write_checkpoint();
  bool is_due(int64_t every) const;
  bool validation_is_due() const;
  bool is_finished() const;
  int64_t last_step() const;
  int64_t scheduled_steps() const;
  int64_t epoch_of(int64_t step) const {
    return (step - 1) * options_.run.accumulate / batches_per_epoch_ + 1;
  }
  std::string progress_line() const;

  TrainOptions options_;
  std::string metric_;  ///< that chooses the best model; empty: none
  at::Device device_ = at::kCPU;
  std::unique_ptr<RunDirectory> directory_;
  TrainingData data_;
  std::set<std::string> reported_;  ///< what was said of files that are left out
  std::unique_ptr<Trainer> trainer_;
  std::optional<GeneratorAverage> average_;
  std::optional<StepLog> log_;
  NanWatch nan_watch_;
  Plateau plateau_{Better::kLower};
  BestSoFar best_;
  Batch samples_;
  nlohmann::ordered_json metrics_ = nlohmann::ordered_json::object();  ///< of the last validation
  TrainSummary summary_;
  int64_t batches_per_epoch_ = 1;
  int64_t saved_step_ = -1;
};

}  // namespace solstice
