#include "training/generator_average.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "models/networks/image_module.h"
#include "models/trainers/adam.h"

namespace solstice {
namespace {

std::unique_ptr<Trainer> small_trainer(const char* kind) {
  TrainerOptions options;
  options.kind = kind;
  options.generator = {.kind = "unet_4", .ngf = 2};
  options.discriminator = {.kind = "pixel", .ndf = 2};
  return make_trainer(options);
}

at::Tensor weight_of(Trainer& trainer) { return trainer.networks()[0].network->parameters()[0]; }

TEST(GeneratorAverage, FollowsTheWeightsSlowly) {
  const auto trainer = small_trainer("pix2pix");
  const at::Tensor weight = weight_of(*trainer);
  const at::Tensor start = weight.detach().clone();
  GeneratorAverage average(*trainer, 0.75);
  at::NoGradGuard no_grad;
  weight.add_(1);
  average.update(at::zeros({}));
  average.update(at::zeros({}));
  // 1 - 0.75^2 of the way.
  EXPECT_TRUE(at::allclose(average.state()[0].second, start + 0.4375, 0, 1e-6));
  average.update(at::ones({}));
  EXPECT_TRUE(at::allclose(average.state()[0].second, start + 0.4375, 0, 1e-6)) << "undone step";
}

TEST(GeneratorAverage, ChangesPlacesWithTheWeightsForAWhile) {
  const auto trainer = small_trainer("cyclegan");
  GeneratorAverage average(*trainer, 0.9);
  EXPECT_EQ(average.state()[0].first.substr(0, 4), "G_A.");
  const at::Tensor start = weight_of(*trainer).detach().clone();
  {
    at::NoGradGuard no_grad;
    weight_of(*trainer).add_(1);
  }
  {
    const AverageInPlace in_place(&average);
    EXPECT_TRUE(weight_of(*trainer).equal(start));
  }
  EXPECT_TRUE(weight_of(*trainer).equal(start + 1));
  EXPECT_TRUE(weight_of(*trainer).requires_grad());
  // The optimiser still steps the same tensors.
  const Batch batch{.input = at::rand({1, 3, 8, 8}), .target = at::rand({1, 3, 8, 8})};
  trainer->step(batch);
  EXPECT_FALSE(weight_of(*trainer).equal(start + 1));
}

TEST(GeneratorAverage, ComesBackFromACheckpoint) {
  const auto trainer = small_trainer("pix2pix");
  GeneratorAverage average(*trainer, 0.5), other(*trainer, 0.5);
  {
    at::NoGradGuard no_grad;
    weight_of(*trainer).add_(1);
  }
  average.update(at::zeros({}));
  other.load_state(average.state(), "checkpoint");
  EXPECT_TRUE(other.state()[0].second.equal(average.state()[0].second));
  EXPECT_THROW(other.load_state({}, "checkpoint"), Error);
}

}  // namespace
}  // namespace solstice
