#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/batch.h"
#include "models/networks/networks.h"
#include "models/trainers/options.h"

namespace solstice {

class Adam;

/// Named scalars, detached, still on the device: the loop decides when to look.
using NamedScalars = std::vector<std::pair<std::string, at::Tensor>>;

/// What one step came to.
struct StepReport {
  NamedScalars losses;
  NamedScalars gradient_norms;  ///< by optimiser, before clipping
  at::Tensor undone;   ///< 1 when a loss or gradient was no number and the step left no trace
  at::Tensor trouble;  ///< 1 when that was more than an fp16 loss scale looking for its size
};

/// Named image batches, (N, C, H, W) in [-1, 1], left to right as a sample grid shows them.
using SampleImages = std::vector<std::pair<std::string, at::Tensor>>;

/// What a validation compares: (N, C, H, W) in [-1, 1] each.
struct Comparison {
  std::string name;  ///< leads a metric's name: "" ("psnr") or "cycle" ("cycle_psnr")
  at::Tensor image;
  at::Tensor truth;
};

struct NamedNetwork {
  std::string name;  ///< "G", "D", "G_A": also its file name in a checkpoint
  std::shared_ptr<ImageModule> network;
};
struct NamedOptimizer {
  std::string name;
  Adam* optimizer;  ///< owned by the trainer
  double lr;        ///< before the schedule
};

/// How networks and objectives take one step. A step never prints, saves, schedules or looks at the
/// clock. Not thread-safe. From these typed lists the training loop does saving, loading,
/// schedules, counting and devices for every trainer alike.
class Trainer {
 public:
  virtual ~Trainer() = default;

  /// One optimiser step of every network, on the mean loss of all `batches` (gradient accumulation;
  /// usually there is one). Their tensors are on the trainer's device.
  virtual StepReport step(std::span<const Batch> batches) = 0;
  StepReport step(const Batch& batch) { return step(std::span<const Batch>(&batch, 1)); }

  /// What the networks make of a batch now: evaluation mode, no gradient, training mode restored.
  virtual SampleImages sample(const Batch& batch) = 0;

  /// The images by which a held-out batch is judged, made as sample() makes them.
  virtual std::vector<Comparison> compare(const Batch& batch) = 0;

  virtual std::vector<NamedNetwork> networks() = 0;
  virtual std::vector<NamedOptimizer> optimizers() = 0;

  /// Which of networks() is the model that translate needs: {"G", ""} or {"G_A", "G_A."}: the
  /// network's name, and the prefix of its tensors in a model file.
  virtual std::vector<std::pair<std::string, std::string>> exported() const = 0;

  /// Whatever else a resume needs (image pools, the loss scale), by name.
  virtual TensorList state() const = 0;
  virtual void load_state(const TensorList& tensors) = 0;
};

struct TrainerRow {
  std::string_view name;
  std::string_view summary;
  Pairing pairing;
  std::string_view compares;     ///< the name of its comparisons
  std::string_view best_metric;  ///< by which a run's best model is chosen unless told; "": none
  std::unique_ptr<Trainer> (*make)(const TrainerOptions&);
  /// Throws Error(kUsage) for options that this trainer cannot do, before anything is built.
  void (*check)(const TrainerOptions&);
};
std::span<const TrainerRow> trainer_table();
/// Underscores in `kind` do not count: the reference writes cycle_gan.
const TrainerRow& trainer_row(const std::string& kind);

/// Builds and initialises the networks (torch's default generator decides the weights).
std::unique_ptr<Trainer> make_trainer(const TrainerOptions& options);

}  // namespace solstice
