// What every trainer promises about steps: bad ones leave no trace, batches add up, rates and
// precision do what their flags say.
#include <ATen/Context.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include <limits>

#include "closeness.h"
#include "core/error.h"
#include "models/networks/image_module.h"
#include "models/trainers/adam.h"
#include "models/trainers/trainer.h"

namespace solstice {
namespace {

using testing::bitwise_equal;

TrainerOptions options_of(const TrainerRow& row) {
  TrainerOptions options;
  options.kind = row.name;
  options.generator = {.kind = "unet_32", .ngf = 4, .norm = Norm::kInstance, .dropout = false};
  options.discriminator = {.kind = "n_layers", .ndf = 4, .n_layers = 1};
  options.pool_size = 2;
  return options;
}

Batch batch_of(int64_t images) {
  return {.input = at::rand({images, 3, 32, 32}) * 2 - 1,
          .target = at::rand({images, 3, 32, 32}) * 2 - 1};
}

/// Everything that a resume would need.
std::vector<at::Tensor> everything(Trainer& trainer) {
  std::vector<at::Tensor> tensors;
  const auto add = [&](const TensorList& list) {
    for (const auto& entry : list) tensors.push_back(entry.second.detach().clone());
  };
  for (const NamedNetwork& named : trainer.networks()) add(state_of(*named.network));
  for (const NamedOptimizer& named : trainer.optimizers()) add(named.optimizer->state());
  add(trainer.state());
  return tensors;
}

void expect_same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(bitwise_equal(a[i], b[i])) << i;
}

TEST(EveryTrainer, LeavesNoTraceOfAStepThatWasNoNumber) {
  for (const TrainerRow& row : trainer_table()) {
    for (const Norm norm : {Norm::kInstance, Norm::kBatch}) {
      TrainerOptions options = options_of(row);
      options.generator.norm = norm;
      const auto trainer = make_trainer(options);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(trainer->step(batch_of(1)).undone.item<float>(), 0);
      const auto before = everything(*trainer);
      Batch bad = batch_of(1);
      bad.target[0][1][4][5] = std::numeric_limits<float>::quiet_NaN();
      for (int i = 0; i < 4; ++i) {  // each pool is asked for several images
        const StepReport report = trainer->step(bad);
        EXPECT_EQ(report.undone.item<float>(), 1);
        EXPECT_EQ(report.trouble.item<float>(), 1);
      }
      expect_same(everything(*trainer), before);
      EXPECT_EQ(trainer->step(batch_of(1)).undone.item<float>(), 0);
    }
  }
}

TEST(EveryTrainer, StepsOverTwoBatchesAsOverOneOfBoth) {
  for (const TrainerRow& row : trainer_table()) {
    at::manual_seed(3);
    TrainerOptions options = options_of(row);
    options.pool_size = 0;
    const auto parts = make_trainer(options), whole = make_trainer(options);
    for (size_t i = 0; i < parts->networks().size(); ++i) {
      load_state(*whole->networks()[i].network, state_of(*parts->networks()[i].network), "");
    }
    const std::vector<Batch> batches{batch_of(1), batch_of(1)};
    const Batch both{.input = at::cat({batches[0].input, batches[1].input}),
                     .target = at::cat({batches[0].target, batches[1].target})};
    const StepReport two = parts->step(batches);
    const StepReport one = whole->step(both);
    for (size_t i = 0; i < one.losses.size(); ++i) {
      EXPECT_NEAR(two.losses[i].second.item<double>(), one.losses[i].second.item<double>(), 1e-4)
          << row.name << " " << one.losses[i].first;
    }
    for (size_t n = 0; n < parts->networks().size(); ++n) {
      auto expected = whole->networks()[n].network->named_parameters();
      for (const auto& item : parts->networks()[n].network->named_parameters()) {
        const at::Tensor gradient = expected[item.key()].grad();
        // Biases before an instance norm have no gradient but noise.
        if (gradient.norm().item<double>() < 1e-4) continue;
        EXPECT_LE((item.value().grad() - gradient).norm().item<double>(),
                  2e-3 * gradient.norm().item<double>())
            << row.name << " " << item.key();
      }
    }
  }
}

TEST(EveryTrainer, ClipsGradientsToTheNormAskedFor) {
  for (const TrainerRow& row : trainer_table()) {
    TrainerOptions options = options_of(row);
    options.clip_grad = 1e-12;  // far below Adam's eps: the step all but vanishes
    const auto trainer = make_trainer(options);
    std::vector<at::Tensor> before;
    for (const NamedNetwork& named : trainer->networks()) {
      for (const at::Tensor& p : named.network->parameters()) before.push_back(p.detach().clone());
    }
    const StepReport report = trainer->step(batch_of(1));
    ASSERT_EQ(report.gradient_norms.size(), trainer->optimizers().size());
    for (const auto& [name, norm] : report.gradient_norms) {
      EXPECT_GT(norm.item<double>(), 1e-3) << name << " is the norm before clipping";
    }
    size_t i = 0;
    for (const NamedNetwork& named : trainer->networks()) {
      for (const at::Tensor& p : named.network->parameters()) {
        EXPECT_LE(testing::max_abs_difference(p, before[i++]), 2e-7) << row.name << named.name;
      }
    }
  }
}

TEST(EveryTrainer, LearnsInEveryPrecision) {
  for (const TrainerRow& row : trainer_table()) {
    double exact = 0;
    for (const auto& [name, precision] : kPrecisionNames) {
      at::manual_seed(5);
      TrainerOptions options = options_of(row);
      options.precision = precision;
      const auto trainer = make_trainer(options);
      at::manual_seed(6);
      const Batch batch = batch_of(1);
      double first = 0;
      for (int i = 0; i < 24; ++i) {
        const StepReport report = trainer->step(batch);
        EXPECT_EQ(report.trouble.item<float>(), 0) << row.name << " " << name;
        for (const auto& loss : report.losses) {
          EXPECT_TRUE(std::isfinite(loss.second.item<double>())) << loss.first;
          EXPECT_EQ(loss.second.scalar_type(), at::kFloat) << loss.first;
        }
        if (i == 0) first = report.losses[report.losses.size() > 1 ? 1 : 0].second.item<double>();
      }
      if (precision == Precision::kFp32) exact = first;
      EXPECT_NEAR(first, exact, 0.03 * std::abs(exact)) << row.name << " " << name;
      // fp16 keeps its loss scale for a resume.
      const TensorList state = trainer->state();
      const bool scaled = std::any_of(state.begin(), state.end(), [](const auto& entry) {
        return entry.first == "loss_scale";
      });
      EXPECT_EQ(scaled, precision == Precision::kFp16);
      for (const NamedNetwork& named : trainer->networks()) {
        for (const at::Tensor& p : named.network->parameters()) {
          EXPECT_EQ(p.scalar_type(), at::kFloat);
        }
      }
    }
  }
}

TEST(EveryTrainer, HasSeparateRates) {
  for (const TrainerRow& row : trainer_table()) {
    TrainerOptions options = options_of(row);
    options.lr_d = 5e-5;
    const auto trainer = make_trainer(options);
    EXPECT_DOUBLE_EQ(trainer->optimizers()[0].lr, 2e-4);
    if (trainer->networks().size() == 1) continue;  // no discriminator
    EXPECT_DOUBLE_EQ(trainer->optimizers()[1].lr, 5e-5);
    EXPECT_DOUBLE_EQ(trainer->optimizers()[1].optimizer->lr(), 5e-5);
  }
}

TEST(EveryTrainer, LeavesFrozenPartsAlone) {
  for (const TrainerRow& row : trainer_table()) {
    for (const GeneratorRow& generator : generator_table()) {
      TrainerOptions options = options_of(row);
      options.generator.kind = std::string(generator.smallest);
      if (options.generator.kind == "unet_4") options.generator.kind = "unet_32";
      options.freeze = {"encoder"};
      const auto trainer = make_trainer(options);
      for (const NamedNetwork& named : trainer->networks()) {
        if (!named.name.starts_with("G")) continue;
        size_t frozen = 0;
        const auto parameters = named.network->named_parameters();
        for (const auto& item : parameters) frozen += item.value().requires_grad() ? 0 : 1;
        EXPECT_GE(frozen, 2U) << generator.name;
        EXPECT_LT(frozen, parameters.size()) << generator.name;
      }
      std::vector<at::Tensor> before;
      const auto network = trainer->networks()[0].network;
      for (const at::Tensor& p : network->parameters()) before.push_back(p.detach().clone());
      trainer->step(batch_of(1));
      size_t i = 0;
      for (const at::Tensor& p : network->parameters()) {
        EXPECT_EQ(bitwise_equal(p.detach(), before[i++]), !p.requires_grad()) << row.name;
      }
    }
  }
}

TEST(Freeze, NamesPartsThatAreNotThere) {
  TrainerOptions options = options_of(trainer_table()[0]);
  options.freeze = {"model.nothing"};
  EXPECT_THROW(make_trainer(options), Error);
  options.freeze = {"encoder", "decoder"};
  EXPECT_THROW(make_trainer(options), Error);
}

}  // namespace
}  // namespace solstice
