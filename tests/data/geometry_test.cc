#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <set>

#include "pictures.h"

namespace solstice {
namespace {

using testing::open_pairs;
using testing::picture;
using testing::sample_of;
using testing::TemporaryDirectory;
using testing::write_picture;

/// B is A's negative, so that target == -input exactly when both saw the same geometry.
void write_negatives(const TemporaryDirectory& data, int width, int height) {
  for (int i = 0; i < 4; ++i) {
    const cv::Mat a = picture(width, height, i);
    const cv::Mat b = cv::Scalar::all(255) - a;
    write_picture(data / ("trainA/" + std::to_string(i) + ".png"), a);
    write_picture(data / ("trainB/" + std::to_string(i) + ".png"), b);
  }
}

TEST(PairedGeometry, IsSharedByInputAndTargetInEveryMode) {
  const TemporaryDirectory data;
  write_negatives(data, 90, 64);
  DataOptions options;
  options.data = data.path().string();
  options.load_size = 40;
  options.crop_size = 32;
  for (const auto& row : kPreprocessNames) {
    const Preprocess mode = options.preprocess = row.value;
    const OpenedDataset opened = open_pairs(options);
    for (uint64_t seed = 0; seed < 8; ++seed) {
      const Sample sample = sample_of(*opened.dataset, 1, seed);
      // Resizing rounds: a level of 255 may be off by one on either side.
      const double error = (sample.input + sample.target).abs().max().item<double>();
      EXPECT_LE(error, 1.01 / 127.5) << name_of(mode);
    }
  }
}

TEST(PairedGeometry, DiffersFromSeedToSeedAndIsAFunctionOfTheSeed) {
  const TemporaryDirectory data;
  write_negatives(data, 90, 64);
  DataOptions options = testing::plain_options(data.path(), 32);
  options.flip = true;
  const OpenedDataset opened = open_pairs(options);
  const Sample first = sample_of(*opened.dataset, 0, 1);
  EXPECT_TRUE(first.input.equal(sample_of(*opened.dataset, 0, 1).input));
  EXPECT_FALSE(first.input.equal(sample_of(*opened.dataset, 0, 2).input));
}

TEST(UnpairedGeometry, IsDrawnForEachSide) {
  const TemporaryDirectory data;
  write_picture(data / "trainA/a.png", picture(64, 64));
  write_picture(data / "trainB/b.png", picture(64, 64));
  const OpenedDataset opened =
      open_dataset(testing::plain_options(data.path(), 32), "train", Pairing::kUnpaired);
  int equal = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const Sample sample = sample_of(*opened.dataset, 0, seed);
    equal += sample.input.equal(sample.target) ? 1 : 0;
  }
  EXPECT_LT(equal, 2) << "both files show the same, so that equal tensors mean equal windows";
}

TEST(SideBySideGeometry, CutsTheHalvesBeforeAnythingElse) {
  const TemporaryDirectory data;
  const cv::Mat a = picture(64, 64);
  cv::Mat both;
  cv::hconcat(a, cv::Scalar::all(255) - a, both);
  write_picture(data / "train/1.png", both);
  DataOptions options;
  options.data = data.path().string();
  options.load_size = 40;
  options.crop_size = 32;
  const OpenedDataset opened = open_pairs(options);
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const Sample sample = sample_of(*opened.dataset, 0, seed);
    EXPECT_LE((sample.input + sample.target).abs().max().item<double>(), 1.01 / 127.5);
  }
}

}  // namespace
}  // namespace solstice
