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

/// Named scalars of one step, detached, still on the device: the loop decides when to look.
using LossReport = std::vector<std::pair<std::string, at::Tensor>>;

/// Named image batches, (N, C, H, W) in [-1, 1], left to right as a sample grid shows them.
using SampleImages = std::vector<std::pair<std::string, at::Tensor>>;

struct NamedNetwork {
  std::string name;  ///< "G", "D", "G_A": also its file name in a checkpoint
  std::shared_ptr<ImageModule> network;
};
struct NamedOptimizer {
  std::string name;
  Adam* optimizer;  ///< owned by the trainer
};

/// How networks and objectives take one step. A step never prints, saves, schedules or looks at the
/// clock. Not thread-safe. From these typed lists the training loop does saving, loading,
/// schedules, counting and devices for every trainer alike.
class Trainer {
 public:
  virtual ~Trainer() = default;

  /// One optimiser step of every network. Tensors of `batch` are on the trainer's device.
  virtual LossReport step(const Batch& batch) = 0;

  /// What the networks make of a batch now: evaluation mode, no gradient, training mode restored.
  virtual SampleImages sample(const Batch& batch) = 0;

  virtual std::vector<NamedNetwork> networks() = 0;
  virtual std::vector<NamedOptimizer> optimizers() = 0;

  /// Which of networks() is the model that translate needs: {"G", ""} or {"G_A", "G_A."}: the
  /// network's name, and the prefix of its tensors in a model file.
  virtual std::vector<std::pair<std::string, std::string>> exported() const = 0;

  /// Whatever else a resume needs (image pools), by name. Empty for pix2pix.
  virtual TensorList state() const { return {}; }
  virtual void load_state(const TensorList&) {}
};

struct TrainerRow {
  std::string_view name;
  std::string_view summary;
  Pairing pairing;
  std::unique_ptr<Trainer> (*make)(const TrainerOptions&);
};
std::span<const TrainerRow> trainer_table();
const TrainerRow& trainer_row(const std::string& kind);

/// Builds and initialises the networks (torch's default generator decides the weights).
std::unique_ptr<Trainer> make_trainer(const TrainerOptions& options);

}  // namespace solstice
