#pragma once

#include <memory>

#include "models/trainers/trainer.h"

namespace solstice {

/// Unpaired translation both ways (Zhu et al. 2017), in the order of the reference: the generators
/// G_A (input to target) and G_B first, on adversarial, cycle and identity losses together; then
/// the discriminators D_A, which judges the target's domain, and D_B, on fakes from pools that were
/// made before the generators' step. Losses, weights included: D_A, G_A, cycle_A, idt_A, D_B, G_B,
/// cycle_B, idt_B. The names A and B follow the reference: `A` is the input's domain.
std::unique_ptr<Trainer> make_cyclegan(const TrainerOptions& options);

/// The identity loss needs generators that can read their own output.
void check_cyclegan(const TrainerOptions& options);

}  // namespace solstice
