#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "pictures.h"

namespace solstice {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::names_of;
using testing::plain_options;
using testing::sample_of;
using testing::TemporaryDirectory;
using testing::write_picture;

/// One colour, so that a sample tells which file it is from.
void write_level(const std::filesystem::path& file, int level, int width = 16) {
  write_picture(file, cv::Mat(16, width, CV_8UC3, cv::Scalar::all(level)));
}

/// The left half has one level, the right half another.
void write_levels(const std::filesystem::path& file, int left, int right) {
  cv::Mat both(16, 32, CV_8UC3, cv::Scalar::all(left));
  both.colRange(16, 32) = cv::Scalar::all(right);
  write_picture(file, both);
}

int level_of(const at::Tensor& image) {
  return static_cast<int>(std::lround((image.mean().item<double>() + 1) * 127.5));
}

std::set<int> targets_of(const Dataset& dataset, int64_t index) {
  std::set<int> targets;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    targets.insert(level_of(sample_of(dataset, index, seed).target));
  }
  return targets;
}

/// Three of four stems match, and a table names two pairs.
void write_matching_folders(const TemporaryDirectory& data) {
  for (const char* stem : {"1", "2", "3", "4"}) {
    write_level(data.path() / "trainA" / (std::string(stem) + ".png"), 10 * (*stem - '0'));
  }
  for (const char* stem : {"1", "2", "3"}) {
    write_level(data.path() / "trainB" / (std::string(stem) + ".png"), 100 + 10 * (*stem - '0'));
  }
  testing::write_text(data / "pairs.tsv", "1.png\t3.png\n2.png\t1.png\n");
}

TEST(Unpaired, TakesAllOfBothFoldersWhateverMatches) {
  const TemporaryDirectory data;
  write_matching_folders(data);
  const DataOptions options = plain_options(data.path(), 16);
  const OpenedDataset opened = open_dataset(options, "train", Pairing::kUnpaired);
  EXPECT_EQ(opened.reading, "unpaired, as the trainer asks: trainA + trainB, 4 and 3 images");
  EXPECT_EQ(opened.dataset->pairing(), Pairing::kUnpaired);
  EXPECT_EQ(opened.dataset->size(), 4);
  EXPECT_EQ(targets_of(*opened.dataset, 0), (std::set<int>{110, 120, 130}));
  EXPECT_EQ(testing::open_pairs(options).reading, "paired by pairs.tsv, 2 pairs");
}

TEST(Unpaired, RepeatsTheShorterList) {
  const TemporaryDirectory data;
  for (int i = 0; i < 3; ++i) write_level(data / ("trainA/" + std::to_string(i) + ".png"), i);
  for (int i = 0; i < 5; ++i) write_level(data / ("trainB/" + std::to_string(i) + ".png"), i);
  const OpenedDataset opened =
      open_dataset(plain_options(data.path(), 16), "train", Pairing::kUnpaired);
  EXPECT_EQ(opened.dataset->size(), 5);
  EXPECT_EQ(opened.dataset->name(4), "trainA/1.png");
}

TEST(Unpaired, DrawsTheHalvesOfSideBySideImagesFromDifferentFiles) {
  const TemporaryDirectory data;
  for (int i = 0; i < 4; ++i) {
    write_levels(data / ("train/" + std::to_string(i) + ".png"), 10 * i, 100 + 10 * i);
  }
  DataOptions options = plain_options(data.path(), 16);
  const OpenedDataset opened = open_dataset(options, "train", Pairing::kUnpaired);
  EXPECT_EQ(opened.reading, "unpaired, as the trainer asks: the halves of train, 4 images");
  EXPECT_EQ(opened.dataset->pairing(), Pairing::kUnpaired);
  EXPECT_EQ(level_of(sample_of(*opened.dataset, 1).input), 10);
  EXPECT_EQ(targets_of(*opened.dataset, 1), (std::set<int>{100, 120, 130}));
  EXPECT_EQ(level_of(opened.dataset->get_centre(1).target), 110);
  options.direction = Direction::kBtoA;
  const OpenedDataset swapped = open_dataset(options, "train", Pairing::kUnpaired);
  EXPECT_EQ(level_of(sample_of(*swapped.dataset, 1).input), 110);
  EXPECT_EQ(targets_of(*swapped.dataset, 1), (std::set<int>{0, 20, 30}));
}

TEST(Unpaired, TakesAnImageAloneInItsFolder) {
  const TemporaryDirectory data;
  write_levels(data / "train/1.png", 10, 20);
  const OpenedDataset opened =
      open_dataset(plain_options(data.path(), 16), "train", Pairing::kUnpaired);
  EXPECT_EQ(targets_of(*opened.dataset, 0), (std::set<int>{20}));
}

TEST(Unpaired, TakesTheFilesOfATableWhereThereAreNoFolders) {
  const TemporaryDirectory data;
  for (const char* name : {"a1", "a2", "b1", "b2"}) {
    write_level(data.path() / "photos" / (std::string(name) + ".png"), 50);
  }
  testing::write_text(data / "pairs.tsv",
                      "photos/a1.png\tphotos/b1.png\nphotos/a2.png\tphotos/b1.png\n"
                      "photos/a1.png\tphotos/b2.png\n");
  const OpenedDataset opened =
      open_dataset(plain_options(data.path(), 16), "train", Pairing::kUnpaired);
  EXPECT_EQ(opened.reading,
            "unpaired, as the trainer asks: files named in pairs.tsv, 2 and 2 images");
  EXPECT_EQ(names_of(*opened.dataset), "photos/a1.png photos/a2.png");
}

TEST(Unpaired, GoesByIndexWithoutADraw) {
  const TemporaryDirectory data;
  for (int i = 0; i < 5; ++i) write_level(data / ("trainA/" + std::to_string(i) + ".png"), i);
  for (int i = 0; i < 3; ++i) write_level(data / ("trainB/" + std::to_string(i) + ".png"), 100 + i);
  const OpenedDataset opened =
      open_dataset(plain_options(data.path(), 16), "train", Pairing::kUnpaired);
  EXPECT_EQ(level_of(opened.dataset->get_centre(4).input), 4);
  EXPECT_EQ(level_of(opened.dataset->get_centre(4).target), 101);
}

TEST(PairsWanted, AreMissingWhereFewStemsMatch) {
  const TemporaryDirectory data;
  for (int i = 0; i < 4; ++i) write_level(data / ("trainA/" + std::to_string(i) + ".png"), i);
  for (int i = 3; i < 10; ++i) write_level(data / ("trainB/" + std::to_string(i) + ".png"), i);
  const DataOptions options = plain_options(data.path(), 16);
  const auto open = [&] { (void)testing::open_pairs(options); };
  EXPECT_THAT(error_of(ErrorKind::kInput, open),
              HasSubstr(data.path().string() +
                        ": needs pairs, found: unpaired (1 stems in common): trainA + trainB, "
                        "4 and 7 images; give both files of a pair the same name"));
  write_levels(data / "train/1.png", 10, 20);
  EXPECT_EQ(testing::open_pairs(options).reading, "A|B side by side: train, 1 pair")
      << "another part of the folder has pairs";
}

}  // namespace
}  // namespace solstice
