#pragma once

#include <memory>

#include "models/trainers/trainer.h"

namespace solstice {

/// Paired translation (Isola et al. 2017): a conditional GAN plus lambda_l1 x the L1 distance to
/// the target. A step trains D, then G against the D just trained. The discriminator's channels and
/// norm follow from the generator's. Losses: G_GAN, G_L1 (lambda included), D_real, D_fake.
std::unique_ptr<Trainer> make_pix2pix(const TrainerOptions& options);

}  // namespace solstice
