#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "models/trainers/options.h"

namespace solstice {

/// Adam as torch.optim.Adam computes it (Kingma and Ba 2015; eps 1e-8 added after the bias
/// correction, no weight decay), on LibTorch's fused kernel. Moments and step are plain tensors by
/// name, so that a resume is exact.
class Adam {
 public:
  struct Options {
    double lr = 2e-4;
    double beta1 = 0.5;
    double beta2 = 0.999;
    double eps = 1e-8;
  };

  static Options of(const TrainerOptions& options, double lr) {
    return {.lr = lr, .beta1 = options.beta1, .beta2 = options.beta2};
  }

  /// `parameters` by name; the names prefix those of state().
  Adam(std::vector<std::pair<std::string, at::Tensor>> parameters, const Options& options);

  /// Sets every gradient to undefined, so that backward allocates or reuses afresh.
  void zero_grad();

  /// One step over the parameters that have a gradient, which is divided by `divisor` first when
  /// there is one. Where `skip` is defined and not 0 nothing changes. Both are float scalars on the
  /// parameters' device; the host does not read them.
  void step(const at::Tensor& skip = {}, const at::Tensor* divisor = nullptr);

  /// The gradients that step() would use.
  std::vector<at::Tensor> gradients() const;

  /// Copies everything that step() changes, and puts it back where `undone` is not 0.
  void remember();
  void take_back(const at::Tensor& undone);

  double lr() const { return options_.lr; }
  void set_lr(double lr) { options_.lr = lr; }

  /// `<parameter>.exp_avg`, `.exp_avg_sq` and `.step` for every parameter.
  std::vector<std::pair<std::string, at::Tensor>> state() const;

  /// Throws Error(kWeights) when a tensor is missing or has another shape.
  void load_state(const std::vector<std::pair<std::string, at::Tensor>>& tensors);

 private:
  /// Brings moments and counters to where and how the parameters lie.
  void place_moments();

  Options options_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> exp_avgs_;
  std::vector<at::Tensor> exp_avg_sqs_;
  std::vector<at::Tensor> steps_;
  std::vector<std::pair<at::Tensor, at::Tensor>> remembered_;  ///< now, before
};

}  // namespace solstice
