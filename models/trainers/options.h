#pragma once

#include <string>

#include "models/networks/options.h"
#include "models/objectives/gan_mode.h"

namespace solstice {

/// What makes a trainer: its networks, their losses and its optimisers.
struct TrainerOptions {
  std::string kind = "pix2pix";
  GeneratorOptions generator;
  DiscriminatorOptions discriminator;
  InitOptions init;
  GanMode gan_mode = GanMode::kVanilla;
  double lambda_l1 = 100;
  double lr = 2e-4;
  double beta1 = 0.5;
  double beta2 = 0.999;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("trainer", self.kind, "how the networks learn: pix2pix");
    GeneratorOptions::fields(self.generator, visit);
    DiscriminatorOptions::fields(self.discriminator, visit);
    InitOptions::fields(self.init, visit);
    visit("gan-mode", self.gan_mode, "adversarial loss");
    visit("lambda-l1", self.lambda_l1, "weight of the L1 distance to the target", Range{0, 1e6});
    visit("lr", self.lr, "learning rate of Adam before decay", Range{0, 1});
    visit("beta1", self.beta1, "Adam: decay of the first moment", Range{0, 1});
    visit("beta2", self.beta2, "Adam: decay of the second moment", Range{0, 1});
  }
};

}  // namespace solstice
