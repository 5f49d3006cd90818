#pragma once

#include <ATen/core/grad_mode.h>

#include "models/networks/image_module.h"

namespace solstice {

/// While it lives, a network is in evaluation mode and this thread records no gradients; then the
/// network is back in the mode it was in. Batch statistics and dropout do nothing meanwhile, so
/// neither the network nor the random generator changes.
class EvaluationMode {
 public:
  explicit EvaluationMode(ImageModule& network)
      : network_(network), was_training_(network.is_training()) {
    network_.eval();
  }
  ~EvaluationMode() { network_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  ImageModule& network_;
  bool was_training_;
  at::NoGradGuard no_grad_;
};

}  // namespace solstice
