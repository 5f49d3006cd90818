#pragma once

#include <memory>

#include "models/networks/networks.h"

namespace solstice {

/// PatchGAN discriminator (Isola et al. 2017): `n_layers` halvings of 4x4 convolutions, then two
/// more at stride 1. (N, input_nc, H, W), sides at least 3 x 2^n_layers, to logits (N, 1, H', W');
/// 256 gives 30 with three layers, whose every logit judges a patch of 70x70.
std::shared_ptr<ImageModule> make_basic_discriminator(const DiscriminatorOptions& options);
std::shared_ptr<ImageModule> make_n_layers_discriminator(const DiscriminatorOptions& options);

/// Judges every pixel alone by 1x1 convolutions: (N, input_nc, H, W) to logits (N, 1, H, W).
std::shared_ptr<ImageModule> make_pixel_discriminator(const DiscriminatorOptions& options);

}  // namespace solstice
