#pragma once

#include <memory>

#include "models/trainers/trainer.h"

namespace solstice {

// A step of either trains D, then G against the D just trained. The discriminator's channels and
// norm follow from the generator's. Losses, weights included: G_GAN, G_L1, D_real, D_fake, and
// G_content with a content network, D_gp with gan mode wgangp.

/// Paired translation (Isola et al. 2017): a conditional GAN, whose D sees the input beside the
/// image, plus lambda_l1 x the L1 distance to the target. Input and target have one size.
std::unique_ptr<Trainer> make_pix2pix(const TrainerOptions& options);

/// Super-resolution that looks sharp (Ledig et al. 2017, Wang et al. 2018): D sees the image alone;
/// G pays for that, lambda_l1 x the L1 distance and, with a content_network, lambda_content x the
/// distance of its features. Meant to begin with the weights of `superres` (--init-from).
std::unique_ptr<Trainer> make_srgan(const TrainerOptions& options);

/// Throws Error(kUsage) for a generator that changes the size.
void check_pix2pix(const TrainerOptions& options);

}  // namespace solstice
