#pragma once

#include <string>
#include <vector>

#include "models/networks/options.h"
#include "models/objectives/gan_mode.h"
#include "models/trainers/precision.h"

namespace solstice {

/// What makes a trainer: its networks, their losses and its optimisers.
struct TrainerOptions {
  std::string kind = "pix2pix";
  GeneratorOptions generator;
  DiscriminatorOptions discriminator;
  InitOptions init;
  GanMode gan_mode = GanMode::kVanilla;
  double lambda_l1 = 100;
  double lambda_content = 1;
  std::string content_network;
  double lambda_cycle_a = 10;
  double lambda_cycle_b = 10;
  double lambda_identity = 0.5;
  double lambda_gp = 10;
  int64_t pool_size = 50;
  double lr = 2e-4;
  double lr_d = 0;
  double beta1 = 0.5;
  double beta2 = 0.999;
  double clip_grad = 0;
  Precision precision = Precision::kFp32;
  std::vector<std::string> freeze;

  double discriminator_lr() const { return lr_d > 0 ? lr_d : lr; }

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("trainer", self.kind, "how the networks learn: pix2pix, cyclegan, superres, srgan");
    GeneratorOptions::fields(self.generator, visit);
    DiscriminatorOptions::fields(self.discriminator, visit);
    InitOptions::fields(self.init, visit);
    visit("gan-mode", self.gan_mode, "adversarial loss");
    visit("lambda-l1", self.lambda_l1, "pix2pix, srgan: weight of the L1 distance to the target",
          Range{0, 1e6});
    visit("lambda-content", self.lambda_content,
          "srgan: weight of the distance as --content-network sees it", Range{0, 1e6});
    visit("content-network", self.content_network,
          "srgan: a TorchScript file of features (N, 3, H, W) in [0, 1] is given to");
    visit("lambda-cycle-a", self.lambda_cycle_a, "weight of the cycle A to B to A", Range{0, 1e6});
    visit("lambda-cycle-b", self.lambda_cycle_b, "weight of the cycle B to A to B", Range{0, 1e6});
    visit("lambda-identity", self.lambda_identity,
          "weight of the identity loss, as a share of the cycle's; 0: none", Range{0, 1e6});
    visit("lambda-gp", self.lambda_gp, "weight of the gradient penalty of gan-mode wgangp",
          Range{0, 1e6});
    visit("pool-size", self.pool_size, "generated images that a discriminator sees again; 0: none",
          Range{0, 1e6});
    visit("lr", self.lr, "learning rate of Adam before decay", Range{0, 1});
    visit("lr-d", self.lr_d, "learning rate of the discriminators; 0: as lr", Range{0, 1});
    visit("beta1", self.beta1, "Adam: decay of the first moment", Range{0, 1});
    visit("beta2", self.beta2, "Adam: decay of the second moment", Range{0, 1});
    visit("clip-grad", self.clip_grad, "largest norm of a network's gradient; 0: any",
          Range{0, 1e12});
    visit("precision", self.precision, "what convolutions compute in");
    visit("freeze", self.freeze,
          "parts of the generator that stay as they are: encoder, decoder, parameter names");
  }
};

}  // namespace solstice
