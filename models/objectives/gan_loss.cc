#include "models/objectives/gan_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/relu.h>

#include "core/error.h"

namespace solstice {
namespace {

at::Tensor label_of(const at::Tensor& prediction, Target target) {
  return at::full_like(prediction, target == Target::kReal ? 1.0 : 0.0);
}

}  // namespace

at::Tensor discriminator_loss(GanMode mode, const at::Tensor& prediction, Target target) {
  const bool real = target == Target::kReal;
  switch (mode) {
    case GanMode::kVanilla:
      return at::binary_cross_entropy_with_logits(prediction, label_of(prediction, target));
    case GanMode::kLsgan:
      return at::mse_loss(prediction, label_of(prediction, target));
    case GanMode::kWgangp:
      return real ? -prediction.mean() : prediction.mean();
    case GanMode::kHinge:
      return at::relu((real ? -prediction : prediction) + 1).mean();
  }
  throw Error(ErrorKind::kUsage, "--gan-mode: not a mode");
}

at::Tensor generator_loss(GanMode mode, const at::Tensor& prediction) {
  if (mode == GanMode::kHinge) return -prediction.mean();
  return discriminator_loss(mode, prediction, Target::kReal);
}

}  // namespace solstice
