#include "support/fake_accelerator.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "inference/model_file.h"
#include "inference/translator.h"
#include "models/networks/image_module.h"
#include "models/trainers/adam.h"
#include "models/trainers/trainer.h"
#include "support/temporary_directory.h"
#include "training/checkpoint.h"
#include "training/transfers.h"

namespace solstice {
namespace {

using testing::accelerator_counts;
using testing::fake_accelerator;
using testing::limit_accelerator_memory;
using testing::TemporaryDirectory;

constexpr int kSteps = 3;

TrainOptions small_training(const TrainerRow& row) {
  TrainOptions options;
  options.trainer.kind = row.name;
  options.trainer.generator = {.kind = "unet_32", .ngf = 4};
  options.trainer.pool_size = 2;
  options.trainer.clip_grad = 5;
  options.trainer.discriminator = {.kind = "n_layers", .ndf = 4, .n_layers = 1};
  return options;
}

std::unique_ptr<Trainer> make_on(at::Device device, const TrainOptions& options) {
  at::set_num_threads(1);  // tiny tensors
  at::manual_seed(1);
  auto trainer = make_trainer(options.trainer);
  for (const NamedNetwork& named : trainer->networks()) named.network->to(device);
  return trainer;
}

Batch batch_of(const TrainerRow& row, int step) {
  at::manual_seed(static_cast<uint64_t>(100 + step));
  return {.input = at::rand({2, 3, 32, 32}) * 2 - 1,
          .target = at::rand({2, 3, 32, 32}) * 2 - 1,
          .pairing = row.pairing,
          .names = {"a", "b"}};
}

/// One step as the training loop takes it: what is drawn depends on the step alone.
StepReport take_step(Trainer& trainer, const TrainerRow& row, at::Device device, int step) {
  const Batch batch = to_device(batch_of(row, step), device);
  at::manual_seed(static_cast<uint64_t>(step));
  return trainer.step(batch);
}

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Everything that a trainer keeps between steps, by name.
NamedTensors tensors_of(Trainer& trainer) {
  NamedTensors all;
  const auto add = [&](const std::string& prefix, const TensorList& tensors) {
    for (const auto& [name, tensor] : tensors) all.emplace_back(prefix + name, tensor);
  };
  for (const NamedNetwork& named : trainer.networks()) {
    add("network " + named.name + " ", state_of(*named.network));
  }
  for (const NamedOptimizer& named : trainer.optimizers()) {
    add("optimizer " + named.name + " ", named.optimizer->state());
  }
  add("state ", trainer.state());
  return all;
}

/// Of the largest value. After one step: equal but for the last bits, since the CPU's convolutions
/// choose their algorithm by processor and calling thread. After the next, Adam has made steps of
/// full length of the bits (a bias before an instance norm has no other gradient), and signs of
/// the L1 loss have turned.
constexpr double kAfterOneStep = 1e-4, kAfterTwoSteps = 0.05;

void expect_same(const NamedTensors& found, const NamedTensors& expected, double share) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].first, expected[i].first);
    const at::Tensor difference = found[i].second.cpu() - expected[i].second.cpu();
    const double size = expected[i].second.abs().max().item().toDouble();
    EXPECT_LE(difference.abs().max().item().toDouble(), share * size) << found[i].first;
  }
}

TEST(FakeAccelerator, RefusesTensorsOfBothPlacesAsAGpuDoes) {
  const at::Tensor there = at::ones({2, 2}, at::TensorOptions().device(fake_accelerator()));
  EXPECT_THROW(at::matmul(there, at::ones({2, 2})), c10::Error);
  EXPECT_EQ((there + 1).device(), fake_accelerator());
  EXPECT_EQ((there + 1).sum().item<double>(), 8);
}

TEST(FakeAccelerator, CountsWhatMakesTheHostWait) {
  const auto before = accelerator_counts();
  const at::Tensor host = at::rand({3, 4});
  const at::Tensor there = host.to(fake_accelerator());
  const at::Tensor pinned = host.pin_memory();
  EXPECT_TRUE(pinned.is_pinned());
  EXPECT_TRUE(pinned.to(fake_accelerator(), /*non_blocking=*/true).cpu().equal(host));
  EXPECT_EQ(at::relu(there * 2).narrow(0, 0, 2).max().item<float>() > 0, true);
  const auto after = accelerator_counts();
  EXPECT_EQ(after.pageable_uploads - before.pageable_uploads, 1);
  EXPECT_EQ(after.pinned_uploads - before.pinned_uploads, 1);
  EXPECT_EQ(after.host_reads - before.host_reads, 2);
}

TEST(FakeAcceleratorDeathTest, KeepsTheHostOutOfItsMemory) {
  const at::Tensor there = at::ones({1}, at::TensorOptions().device(fake_accelerator()));
  EXPECT_DEATH(ADD_FAILURE() << *there.const_data_ptr<float>(), "");
}

/// What follows is true of every trainer of the table.
class EveryTrainer : public ::testing::TestWithParam<size_t> {
 protected:
  const TrainerRow& row_ = trainer_table()[GetParam()];
  const TrainOptions options_ = small_training(row_);
  const at::Device device_ = fake_accelerator();
};

TEST_P(EveryTrainer, MakesTheCpusNumbers) {
  const auto here = make_on(at::kCPU, options_);
  const auto there = make_on(device_, options_);
  for (int step = 1; step <= kSteps; ++step) {
    const auto expected = read_scalars(take_step(*here, row_, at::kCPU, step).losses);
    const auto found = read_scalars(take_step(*there, row_, device_, step).losses);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].first, expected[i].first);
      EXPECT_NEAR(found[i].second, expected[i].second, 1e-5 * std::abs(expected[i].second))
          << found[i].first << " of step " << step;
    }
    if (step == 1) expect_same(tensors_of(*there), tensors_of(*here), kAfterOneStep);
  }
  const Batch batch = batch_of(row_, 0);
  const SampleImages expected = here->sample(batch);
  const SampleImages found = there->sample(to_device(batch, device_));
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    const at::Tensor difference = found[i].second.cpu() - expected[i].second;
    EXPECT_LE(difference.abs().max().item<double>(), 1e-3) << found[i].first;
  }
}

TEST_P(EveryTrainer, LeavesNoTensorOnTheHost) {
  const auto trainer = make_on(device_, options_);
  StepReport report;
  for (int step = 1; step <= kSteps; ++step) report = take_step(*trainer, row_, device_, step);
  for (const auto& [name, tensor] : report.losses) EXPECT_EQ(tensor.device(), device_) << name;
  EXPECT_EQ(report.undone.device(), device_);
  for (const auto& [name, tensor] : tensors_of(*trainer)) {
    // Counters and states of random generators are the host's; images and weights are not.
    if (name.starts_with("state ") && tensor.dim() < 3) continue;
    EXPECT_EQ(tensor.device(), device_) << name;
  }
  for (const auto& [name, tensor] : trainer->sample(to_device(batch_of(row_, 0), device_))) {
    EXPECT_EQ(tensor.device(), device_) << name;
  }
}

TEST_P(EveryTrainer, GivesBackAllMemory) {
  const int64_t before = accelerator_counts().live_allocations;
  {
    const auto trainer = make_on(device_, options_);
    for (int step = 1; step <= kSteps; ++step) take_step(*trainer, row_, device_, step);
    EXPECT_GT(accelerator_counts().live_allocations, before);
  }
  EXPECT_EQ(accelerator_counts().live_allocations, before);
}

TEST_P(EveryTrainer, NeverLetsTheHostWaitInsideAStep) {
  const auto trainer = make_on(device_, options_);
  take_step(*trainer, row_, device_, 1);  // the first one moves the optimiser's moments
  for (int step = 2; step <= kSteps; ++step) {
    const auto before = accelerator_counts();
    const StepReport report = take_step(*trainer, row_, device_, step);
    const auto stepped = accelerator_counts();
    EXPECT_EQ(stepped.host_reads, before.host_reads);
    EXPECT_EQ(stepped.pageable_uploads, before.pageable_uploads);
    EXPECT_EQ(stepped.pinned_uploads - before.pinned_uploads, 2);
    read_scalars(report.losses);
    EXPECT_EQ(accelerator_counts().host_reads - stepped.host_reads, 1);
  }
}

/// Trained on one device, saved, and gone on with on the other: as if it had never moved.
void expect_to_move(const TrainerRow& row, const TrainOptions& options, at::Device first,
                    at::Device second) {
  const TemporaryDirectory directory;
  RunDirectory run((directory / "run").string());
  const auto expected = make_on(at::kCPU, options);
  for (int step = 1; step <= 2; ++step) take_step(*expected, row, at::kCPU, step);
  {
    const auto trainer = make_on(first, options);
    take_step(*trainer, row, first, 1);
    Progress progress;
    progress.step = 1;
    save_checkpoint(run, progress, *trainer, options);
  }
  const auto trainer = make_on(second, options);
  const auto checkpoint = latest_checkpoint(run.path());
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(load_checkpoint(*checkpoint, *trainer, options).step, 1);
  take_step(*trainer, row, second, 2);
  expect_same(tensors_of(*trainer), tensors_of(*expected), kAfterTwoSteps);
}

TEST_P(EveryTrainer, ResumesOnTheCpuWhatTheDeviceBegan) {
  expect_to_move(row_, options_, device_, at::kCPU);
}

TEST_P(EveryTrainer, ResumesOnTheDeviceWhatTheCpuBegan) {
  expect_to_move(row_, options_, at::kCPU, device_);
}

INSTANTIATE_TEST_SUITE_P(Table, EveryTrainer, ::testing::Range<size_t>(0, trainer_table().size()),
                         [](const ::testing::TestParamInfo<size_t>& tested) {
                           return std::string(trainer_table()[tested.param].name);
                         });

TEST(ReadScalars, KeepsNamesOrderAndValues) {
  const NamedScalars report = {{"b", at::full({}, 0.1, at::kFloat)}, {"a", at::full({}, -2.0)}};
  const auto values = read_scalars(report);
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0], (std::pair<std::string, double>("b", 0.1f)));
  EXPECT_EQ(values[1], (std::pair<std::string, double>("a", -2.0)));
  EXPECT_TRUE(read_scalars({}).empty());
}

TEST(ToDevice, OnTheCpuMovesNothing) {
  const Batch batch = batch_of(trainer_table()[0], 1);
  EXPECT_TRUE(to_device(batch, at::kCPU).input.is_same(batch.input));
  const Batch there = to_device(batch, fake_accelerator());
  EXPECT_EQ(there.target.device(), fake_accelerator());
  EXPECT_EQ(there.names, batch.names);
  EXPECT_EQ(there.pairing, batch.pairing);
}

Image coloured_noise(int width, int height) {
  cv::Mat pixels(height, width, CV_8UC3);
  cv::theRNG().state = 7;
  cv::randu(pixels, 0, 256);
  return {pixels, {}};
}

TEST(Translator, MakesTheCpusImagesOnTheDevice) {
  fake_accelerator();
  for (const GeneratorRow& row : generator_table()) {
    const TemporaryDirectory directory;
    const std::string path = directory / "model.safetensors";
    ModelMetadata metadata;
    metadata.generator = {.kind = std::string(row.smallest), .ngf = 4};
    at::manual_seed(3);
    save_model(path, metadata, state_of(*make_generator(metadata.generator)));
    const Image image = coloured_noise(45, 33);
    const int64_t before = accelerator_counts().live_allocations;
    {
      const Translator here({path, "", "cpu"});
      const Translator there({path, "", "fake"});
      EXPECT_NE(there.description().find("fake:0"), std::string::npos) << there.description();
      const int64_t reads = accelerator_counts().host_reads;
      const cv::Mat found = there.translate({&image, 1}).front().pixels;
      EXPECT_EQ(accelerator_counts().host_reads - reads, 1) << "only the image comes back";
      EXPECT_EQ(cv::norm(found, here.translate({&image, 1}).front().pixels, cv::NORM_INF), 0)
          << row.name;
    }
    EXPECT_EQ(accelerator_counts().live_allocations, before);
  }
}

/// A model of a ResNet with more to compute than to keep.
std::string save_resnet(const TemporaryDirectory& directory) {
  ModelMetadata metadata;
  metadata.generator = {.kind = "resnet_2blocks", .ngf = 4, .norm = Norm::kInstance};
  at::manual_seed(3);
  save_model(directory / "model.safetensors", metadata,
             state_of(*make_generator(metadata.generator)));
  return directory / "model.safetensors";
}

TEST(Translator, TranslatesInStripsOnTheDevice) {
  fake_accelerator();
  const TemporaryDirectory directory;
  TranslatorOptions options{save_resnet(directory), "", "cpu"};
  const Image image = coloured_noise(64, 140);
  const Image expected = Translator(options).translate({&image, 1}).front();
  options.device = "fake";
  options.tile = "32";
  const Image found = Translator(options).translate({&image, 1}).front();
  EXPECT_LE(cv::norm(found.pixels, expected.pixels, cv::NORM_INF), 1);
}

TEST(Translator, HalvesTheBatchAndThenTheImageWhenMemoryRunsOut) {
  fake_accelerator();
  const TemporaryDirectory directory;
  TranslatorOptions options{save_resnet(directory), "", "cpu"};
  std::vector<Image> images(4, coloured_noise(64, 256));
  const std::vector<Image> expected = Translator(options).translate(images);
  options.device = "fake";
  const Translator there(options);
  int refused = 0;
  for (const int64_t kibibytes : {20'000, 5'000, 2'000, 1'200, 10}) {
    limit_accelerator_memory(kibibytes << 10);
    try {
      const std::vector<Image> found = there.translate(images);
      ASSERT_EQ(found.size(), images.size());
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_LE(cv::norm(found[i].pixels, expected[i].pixels, cv::NORM_INF), 1) << kibibytes;
      }
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(error.kind(), ErrorKind::kDevice) << error.what();
    }
    limit_accelerator_memory(0);
  }
  EXPECT_EQ(refused, 1) << "only 10 KiB are too little";
}

}  // namespace
}  // namespace solstice
