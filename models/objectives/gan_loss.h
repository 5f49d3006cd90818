#pragma once

#include <ATen/core/Tensor.h>

#include "models/objectives/gan_mode.h"

namespace solstice {

/// The adversarial loss of a score map of any shape against "real" (1) or "fake" (0), a scalar.
/// Vanilla: binary cross entropy on logits (Goodfellow et al. 2014). Lsgan: mean squared error
/// (Mao et al. 2017). The discriminator's half (x 0.5) is the trainer's business.
enum class Target { kReal, kFake };
at::Tensor gan_loss(GanMode mode, const at::Tensor& prediction, Target target);

}  // namespace solstice
