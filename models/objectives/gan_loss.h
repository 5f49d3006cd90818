#pragma once

#include <ATen/core/Tensor.h>

#include "models/objectives/gan_mode.h"

namespace solstice {

enum class Target { kReal, kFake };

/// What a discriminator pays for a score map of any shape that should say `target`; a scalar.
/// Vanilla: binary cross entropy on logits against 1 and 0 (Goodfellow et al. 2014). Lsgan: mean
/// squared error against 1 and 0 (Mao et al. 2017). Wgangp: -mean and +mean (Gulrajani et al. 2017;
/// its penalty is gradient_penalty()). Hinge: mean of relu(1 -+ score) (Lim and Ye 2017). The half
/// (x 0.5) that the reference puts before a discriminator's loss is the trainer's business.
at::Tensor discriminator_loss(GanMode mode, const at::Tensor& prediction, Target target);

/// What a generator pays for the score of its image: the discriminator's loss against "real", but
/// for hinge, where it is -mean without the hinge.
at::Tensor generator_loss(GanMode mode, const at::Tensor& prediction);

}  // namespace solstice
