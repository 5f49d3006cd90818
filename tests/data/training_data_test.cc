#include "data/training_data.h"

#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "data/loader.h"
#include "pictures.h"

namespace solstice {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::names_of;
using testing::plain_options;
using testing::TemporaryDirectory;
using testing::write_picture;

constexpr uint64_t kSeed = 5;

/// A level of its own for every file: samples tell which files they are from.
void write_level(const std::filesystem::path& file, int level) {
  write_picture(file, cv::Mat(16, 16, CV_8UC3, cv::Scalar::all(level)));
}

int level_of(const at::Tensor& image) {
  return static_cast<int>(std::lround((image.mean().item<double>() + 1) * 127.5));
}

/// `count` pairs: A has the levels 0, 1, ..., B those from 128.
void write_pairs(const TemporaryDirectory& data, int count) {
  for (int i = 0; i < count; ++i) {
    write_level(data / ("trainA/" + std::to_string(i) + ".png"), i);
    write_level(data / ("trainB/" + std::to_string(i) + ".png"), 128 + i);
  }
}

DataOptions split_options(const TemporaryDirectory& data, double share) {
  DataOptions options = plain_options(data.path(), 16);
  options.val_split = share;
  options.shuffle = true;
  return options;
}

std::set<std::string> name_set(const Dataset& dataset) {
  std::set<std::string> names;
  for (int64_t i = 0; i < dataset.size(); ++i) names.insert(dataset.name(i));
  return names;
}

struct Seen {
  std::set<std::string> names;
  std::set<int> levels;  ///< of inputs and targets
};

/// What `epochs` epochs of training read.
Seen train_for(const Dataset& dataset, const DataOptions& options, int64_t epochs) {
  Loader loader(dataset, options, kSeed, 0, 2, 2);
  Seen seen;
  for (int64_t i = 0; i < epochs * loader.batches_per_epoch(); ++i) {
    const Batch batch = loader.next();
    seen.names.insert(batch.names.begin(), batch.names.end());
    seen.levels.insert(level_of(batch.input));
    seen.levels.insert(level_of(batch.target));
  }
  return seen;
}

/// Reads the files of both sets and expects that they have none in common.
void expect_nothing_leaks(const DataOptions& options, Pairing wanted) {
  const TrainingData data = open_training_data(options, wanted, kSeed);
  ASSERT_TRUE(data.validation.dataset);
  const Seen held_out = train_for(*data.validation.dataset, options, 1);
  const Seen trained = train_for(*data.training.dataset, options, 6);
  for (const std::string& name : held_out.names) EXPECT_FALSE(trained.names.contains(name)) << name;
  for (const int level : held_out.levels) EXPECT_FALSE(trained.levels.contains(level)) << level;
  EXPECT_EQ(trained.names, name_set(*data.training.dataset)) << "the rest is trained on";
}

TEST(Validation, NeverEntersTrainingWhenAShareIsHeldOut) {
  const TemporaryDirectory data;
  write_pairs(data, 24);
  for (const Pairing wanted : {Pairing::kPaired, Pairing::kUnpaired}) {
    for (const Direction direction : {Direction::kAtoB, Direction::kBtoA}) {
      DataOptions options = split_options(data, 0.25);
      options.direction = direction;
      expect_nothing_leaks(options, wanted);
    }
  }
}

TEST(Validation, NeverEntersTrainingThroughATargetOfTwoInputs) {
  const TemporaryDirectory data;
  write_pairs(data, 12);
  std::string table;
  for (int i = 0; i < 12; ++i) {
    table += std::to_string(i) + ".png\t" + std::to_string(i / 3) + ".png\n";
  }
  testing::write_text(data / "pairs.tsv", table);
  expect_nothing_leaks(split_options(data, 0.1), Pairing::kPaired);
}

TEST(Validation, NeverEntersTrainingThroughATableOrALink) {
  const TemporaryDirectory data;
  write_pairs(data, 6);
  testing::write_text(data / "pairs.tsv",
                      "A\tB\tsplit\n1.png\t2.png\ttrain\ntrainA/2.png\ttrainB/3.png\tval\n");
  std::filesystem::create_directory(data / "valA");
  std::filesystem::create_directory(data / "valB");
  std::filesystem::create_symlink(data / "trainA/4.png", data / "valA/x.png");
  std::filesystem::create_hard_link(data / "trainB/5.png", data / "valB/y.png");
  const DataOptions options = split_options(data, 0);
  const TrainingData unpaired = open_training_data(options, Pairing::kUnpaired, kSeed);
  EXPECT_EQ(unpaired.training.reading,
            "unpaired, as the trainer asks: trainA + trainB (2 files left out: validation has "
            "them), 5 and 5 images");
  EXPECT_TRUE(unpaired.training.problems.empty());
  expect_nothing_leaks(options, Pairing::kUnpaired);
  std::filesystem::remove_all(data / "valA");
  std::filesystem::remove_all(data / "valB");
  const TrainingData by_table = open_training_data(options, Pairing::kUnpaired, kSeed);
  EXPECT_EQ(by_table.validation.reading,
            "unpaired, as the trainer asks: files named in pairs.tsv, 1 and 1 images");
  EXPECT_FALSE(name_set(*by_table.training.dataset).contains("trainA/2.png"));
}

TEST(Validation, IsTheValFolderWhereThereIsOne) {
  const TemporaryDirectory data;
  write_pairs(data, 6);
  write_level(data / "valA/v.png", 200);
  write_level(data / "valB/v.png", 201);
  const TrainingData opened = open_training_data(split_options(data, 0.5), Pairing::kPaired, kSeed);
  EXPECT_EQ(opened.validation.reading, "paired by stem: valA + valB, 1 pair");
  EXPECT_EQ(opened.training.reading, "paired by stem: trainA + trainB, 6 pairs")
      << "nothing is held out besides";
}

TEST(Validation, IsNoneUnlessAsked) {
  const TemporaryDirectory data;
  write_pairs(data, 6);
  const TrainingData opened = open_training_data(split_options(data, 0), Pairing::kPaired, kSeed);
  EXPECT_FALSE(opened.validation.dataset);
  EXPECT_EQ(opened.training.dataset->size(), 6);
}

TEST(HoldingOut, SaysHowManyAndIsAFunctionOfTheSeed) {
  const TemporaryDirectory data;
  write_pairs(data, 100);
  const DataOptions options = split_options(data, 0.2);
  const TrainingData opened = open_training_data(options, Pairing::kPaired, 1);
  const int64_t held_out = opened.validation.dataset->size();
  EXPECT_NEAR(static_cast<double>(held_out), 20, 12);
  EXPECT_EQ(opened.training.dataset->size(), 100 - held_out);
  EXPECT_EQ(opened.validation.reading, "held out of the training samples: --val-split 0.2, " +
                                           std::to_string(held_out) + " pairs");
  const TrainingData again = open_training_data(options, Pairing::kPaired, 1);
  EXPECT_EQ(names_of(*again.validation.dataset), names_of(*opened.validation.dataset));
  const TrainingData other = open_training_data(options, Pairing::kPaired, 2);
  EXPECT_NE(names_of(*other.validation.dataset), names_of(*opened.validation.dataset));
}

TEST(HoldingOut, MovesNoFileWhenOthersAreAdded) {
  const TemporaryDirectory data;
  write_pairs(data, 40);
  const DataOptions options = split_options(data, 0.3);
  const auto held_out = [&] {
    return name_set(*open_training_data(options, Pairing::kPaired, kSeed).validation.dataset);
  };
  const std::set<std::string> before = held_out();
  write_pairs(data, 60);
  const std::set<std::string> after = held_out();
  EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()));
  EXPECT_GT(after.size(), before.size());
}

TEST(HoldingOut, TakesAtLeastOneAndNeverAll) {
  const TemporaryDirectory data;
  write_pairs(data, 2);
  for (const double share : {1e-9, 0.9}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const TrainingData opened =
          open_training_data(split_options(data, share), Pairing::kPaired, seed);
      EXPECT_EQ(opened.validation.dataset->size(), 1);
      EXPECT_EQ(opened.training.dataset->size(), 1);
    }
  }
}

TEST(HoldingOut, NeedsTwoSamples) {
  const TemporaryDirectory data;
  write_pairs(data, 1);
  EXPECT_THAT(
      error_of(ErrorKind::kUsage,
               [&] { (void)open_training_data(split_options(data, 0.5), Pairing::kPaired, 1); }),
      HasSubstr("--val-split 0.5: " + data.path().string() + " has only 1 usable sample"));
}

TEST(Validation, DrawsNothing) {
  const TemporaryDirectory data;
  for (const char* part : {"train", "val"}) {
    for (int i = 0; i < 3; ++i) {
      const std::string file = "/" + std::to_string(i) + ".png";
      write_picture(data.path() / (std::string(part) + "A" + file), testing::picture(90, 64, i));
      write_picture(data.path() / (std::string(part) + "B" + file),
                    testing::picture(90, 64, i + 9));
    }
  }
  DataOptions options;
  options.data = data.path().string();
  options.load_size = 40;
  options.crop_size = 32;
  for (const Pairing wanted : {Pairing::kPaired, Pairing::kUnpaired}) {
    const TrainingData opened = open_training_data(options, wanted, kSeed);
    const Dataset& validation = *opened.validation.dataset;
    const Sample sample = validation.get_centre(1);
    EXPECT_EQ(sample.input.sizes().vec(), (std::vector<int64_t>{3, 32, 32}));
    for (uint64_t seed = 0; seed < 5; ++seed) {
      const Sample other = testing::sample_of(validation, 1, seed);
      EXPECT_TRUE(other.input.equal(sample.input));
      EXPECT_TRUE(other.target.equal(sample.target));
    }
    EXPECT_FALSE(testing::sample_of(*opened.training.dataset, 1, 1)
                     .input.equal(testing::sample_of(*opened.training.dataset, 1, 2).input));
  }
}

}  // namespace
}  // namespace solstice
