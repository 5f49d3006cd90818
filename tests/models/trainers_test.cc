#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "closeness.h"
#include "core/error.h"
#include "models/networks/image_module.h"
#include "models/trainers/adam.h"
#include "models/trainers/trainer.h"

namespace solstice {
namespace {

using testing::bitwise_equal;

TrainerOptions small_options() {
  TrainerOptions options;
  options.generator = {.kind = "unet_32", .ngf = 4};
  options.discriminator = {.kind = "n_layers", .ndf = 4, .n_layers = 1};
  return options;
}

Batch random_batch() {
  return {.input = at::rand({2, 3, 32, 32}) * 2 - 1, .target = at::rand({2, 3, 32, 32}) * 2 - 1};
}

std::vector<at::Tensor> copy_of(Trainer& trainer) {
  std::vector<at::Tensor> tensors;
  for (const NamedNetwork& named : trainer.networks()) {
    for (const auto& entry : state_of(*named.network)) {
      tensors.push_back(entry.second.detach().clone());
    }
  }
  return tensors;
}

double loss_of(const StepReport& report, const std::string& name) {
  for (const auto& [key, value] : report.losses) {
    if (key == name) return value.item<double>();
  }
  ADD_FAILURE() << "no loss " << name;
  return 0;
}

TEST(TrainerTable, EveryRowLearnsWithEveryGanMode) {
  for (const TrainerRow& row : trainer_table()) {
    for (const auto& [mode_name, mode] : kGanModeNames) {
      TrainerOptions options = small_options();
      options.kind = row.name;
      options.gan_mode = mode;
      const auto trainer = make_trainer(options);
      const Batch batch = random_batch();
      const auto before = copy_of(*trainer);
      const StepReport report = trainer->step(batch);
      ASSERT_FALSE(report.losses.empty());
      EXPECT_EQ(report.undone.item<float>(), 0);
      for (const auto& [name, value] : report.losses) {
        EXPECT_FALSE(value.requires_grad()) << name;
        EXPECT_TRUE(std::isfinite(value.item<double>())) << row.name << mode_name << name;
      }
      const auto after = copy_of(*trainer);
      size_t moved = 0;
      for (size_t i = 0; i < before.size(); ++i) moved += before[i].equal(after[i]) ? 0 : 1;
      // The last bias of a critic (wgangp, hinge within its margin) adds the same to real and fake.
      EXPECT_GE(moved + trainer->networks().size() / 2, before.size()) << row.name << mode_name;
      EXPECT_FALSE(trainer->exported().empty());
      EXPECT_EQ(trainer->optimizers().size(), trainer->networks().size() == 1 ? 1u : 2u);
    }
  }
}

TEST(TrainerTable, AnUnknownKindIsAnsweredWithTheNearest) {
  TrainerOptions options;
  options.kind = "pix2pixel";
  try {
    make_trainer(options);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(),
                 "--trainer: unknown trainer \"pix2pixel\"; known: pix2pix, cyclegan, superres, "
                 "srgan; did you mean "
                 "pix2pix?");
  }
}

TEST(Pix2pix, ReportsTheLossesOfTheReference) {
  const auto trainer = make_trainer(small_options());
  std::vector<std::string> names;
  for (const auto& entry : trainer->step(random_batch()).losses) names.push_back(entry.first);
  EXPECT_EQ(join(names), "G_GAN, G_L1, D_real, D_fake");
}

TEST(Pix2pix, TheDiscriminatorFollowsTheGenerator) {
  TrainerOptions options = small_options();
  options.generator.input_nc = 1;
  options.generator.norm = Norm::kInstance;
  const auto trainer = make_trainer(options);
  const Batch batch{.input = at::rand({1, 1, 32, 32}), .target = at::rand({1, 3, 32, 32})};
  EXPECT_NO_THROW(trainer->step(batch));
  for (const auto& [name, tensor] : state_of(*trainer->networks()[1].network)) {
    EXPECT_TRUE(name != "model.0.weight" || tensor.size(1) == 4);
    EXPECT_FALSE(name.ends_with("running_mean")) << name;
  }
}

TEST(Pix2pix, LearnsAColour) {
  TrainerOptions options = small_options();
  options.lr = 5e-3;
  options.generator.dropout = false;
  const auto trainer = make_trainer(options);
  Batch batch = random_batch();
  batch.target.fill_(0.5);
  const double first = loss_of(trainer->step(batch), "G_L1");
  double last = first;
  for (int i = 0; i < 20; ++i) last = loss_of(trainer->step(batch), "G_L1");
  EXPECT_NEAR(first, 50, 5);
  EXPECT_LT(last, 25);
}

TEST(Pix2pix, SampleChangesNothing) {
  const auto trainer = make_trainer(small_options());
  const Batch batch = random_batch();
  trainer->step(batch);
  const auto before = copy_of(*trainer);
  const at::Generator& generator = at::globalContext().defaultGenerator(at::kCPU);
  const at::Tensor random_state = generator.get_state().clone();
  const SampleImages images = trainer->sample(batch);
  EXPECT_TRUE(bitwise_equal(generator.get_state(), random_state));
  ASSERT_EQ(images.size(), 3u);
  EXPECT_EQ(images[0].first, "input");
  EXPECT_EQ(images[1].first, "fake");
  EXPECT_EQ(images[2].first, "target");
  EXPECT_FALSE(images[1].second.requires_grad());
  EXPECT_TRUE(bitwise_equal(images[1].second, trainer->sample(batch)[1].second));
  const auto after = copy_of(*trainer);
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(bitwise_equal(before[i], after[i])) << i;
  for (const NamedNetwork& named : trainer->networks()) {
    EXPECT_TRUE(named.network->is_training()) << named.name;
  }
}

TEST(Pix2pix, SampleKeepsTheModeItFound) {
  const auto trainer = make_trainer(small_options());
  trainer->networks()[0].network->eval();
  trainer->sample(random_batch());
  EXPECT_FALSE(trainer->networks()[0].network->is_training());
}

}  // namespace
}  // namespace solstice
