#include "models/objectives/gan_loss.h"

#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/mse_loss.h>

#include "core/error.h"

namespace solstice {

at::Tensor gan_loss(GanMode mode, const at::Tensor& prediction, Target target) {
  const at::Tensor label = at::full_like(prediction, target == Target::kReal ? 1.0 : 0.0);
  switch (mode) {
    case GanMode::kVanilla:
      return at::binary_cross_entropy_with_logits(prediction, label);
    case GanMode::kLsgan:
      return at::mse_loss(prediction, label);
  }
  throw Error(ErrorKind::kUsage, "--gan-mode: not a mode");
}

}  // namespace solstice
