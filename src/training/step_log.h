#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <opencv2/core/types.hpp>
#include <string>
#include <utility>
#include <vector>

#include "models/trainers/trainer.h"
#include "training/event_file.h"
#include "training/run_directory.h"

namespace solstice {

/// What steps came to, read off the device: the host waits for it once.
struct Reading {
  std::vector<std::pair<std::string, double>> losses;          ///< of the last step
  std::vector<std::pair<std::string, double>> gradient_norms;  ///< of the last step
  int64_t bad = 0;    ///< steps since the last reading that were undone
  int64_t steps = 0;  ///< since the last reading

  /// "loss G_GAN is no number", "a gradient is no number".
  std::string trouble() const;
};

/// log.jsonl, the TensorBoard events and the progress line of a run.
class StepLog {
 public:
  /// `first_step`: steps that were there already.
  StepLog(RunDirectory& run, bool tensorboard, int64_t first_step);

  /// Takes note of a step; does not wait for the device.
  void add(const StepReport& report, int64_t images);

  Reading read();

  /// One line of training. `waited`: seconds that the run has waited for data so far. `facts`:
  /// what leads the line (step, epoch, rates).
  void write(nlohmann::ordered_json facts, const Reading& reading, double waited);

  /// One line of something that happened: "validation", "nan".
  void write_event(const std::string& event, int64_t step, const nlohmann::ordered_json& facts);

  /// A sample grid of this size that was written as a PNG.
  void write_samples(int64_t step, const std::string& png_file, cv::Size size);

  double images_per_second() const { return images_per_second_; }
  void flush();

 private:
  using Clock = std::chrono::steady_clock;

  void add_scalars(int64_t step, const std::string& group,
                   const std::vector<std::pair<std::string, double>>& values);

  RunDirectory& run_;
  std::optional<EventFile> events_;
  StepReport last_;
  at::Tensor bad_;  ///< count since the last reading, on the device
  int64_t steps_ = 0;
  int64_t images_ = 0;
  Clock::time_point written_ = Clock::now();
  double waited_ = 0;
  double images_per_second_ = 0;
};

}  // namespace solstice
