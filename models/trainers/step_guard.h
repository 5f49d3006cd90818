#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "models/networks/networks.h"
#include "models/trainers/precision.h"

namespace solstice {

class Adam;

/// Stands between a trainer's losses and its optimisers: scales losses, clips gradients, and sees
/// to it that a step with a loss or gradient that is no number leaves no trace. Decides on the
/// device, so that an accelerator is never waited for. A step:
///
///     guard.begin(networks, parts);
///     guard.backward(loss);          // as often as there are losses and parts
///     guard.check("G", adam);        // of every optimiser, before any is applied
///     guard.apply(adam);
///     report.undone = guard.finish();
///
/// An optimiser that must step before another's gradients exist is applied with apply_early(), and
/// taken back by finish() when what came later was bad.
class StepGuard {
 public:
  struct Options {
    double clip_norm = 0;  ///< largest norm of an optimiser's gradient; 0: any
    Precision precision = Precision::kFp32;
  };
  explicit StepGuard(const Options& options) : options_(options) {}

  /// Remembers the buffers of the networks (running statistics). `parts`: how many batches make
  /// this step; every loss counts as one of them.
  void begin(const std::vector<std::shared_ptr<ImageModule>>& networks, int64_t parts);

  /// The gradient of a scalar loss, added to what is there.
  void backward(const at::Tensor& loss);

  /// Takes the norm of an optimiser's gradient; the step is bad when that is no number.
  void check(const std::string& name, const Adam& adam);

  void apply(Adam& adam);
  void apply_early(Adam& adam);

  struct Outcome {
    at::Tensor undone;   ///< 1 when the step left no trace, else 0
    at::Tensor trouble;  ///< 1 when that is worth a report: an fp16 loss scale that was too large
                         ///< is not, unless it is down to 1
    std::vector<std::pair<std::string, at::Tensor>> gradient_norms;  ///< by check()'s name
  };
  Outcome finish();

  /// The fp16 loss scale and its growth counter, for a checkpoint; empty otherwise.
  TensorList state() const;
  void load_state(const TensorList& tensors);

 private:
  struct Checked {
    std::string name;
    const Adam* adam;
    at::Tensor norm;     ///< of the unscaled gradient
    at::Tensor divisor;  ///< of the gradient before it is used; undefined: 1
  };

  bool scales() const { return options_.precision == Precision::kFp16; }
  const at::Tensor* divisor_of(const Adam& adam) const;

  Options options_;
  int64_t parts_ = 1;
  at::Tensor undone_;
  at::Tensor scale_;                                        ///< fp16 only
  at::Tensor growth_;                                       ///< good steps since it last changed
  std::vector<std::pair<at::Tensor, at::Tensor>> buffers_;  ///< now, before
  std::vector<Checked> checked_;
  std::vector<Adam*> early_;
};

}  // namespace solstice
