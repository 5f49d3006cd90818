#include "data/image_cache.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include <thread>

#include "data/loader.h"
#include "pictures.h"

namespace solstice {
namespace {

using testing::picture;
using testing::sample_of;
using testing::TemporaryDirectory;
using testing::write_picture;

cv::Mat image_of_bytes(int bytes) { return cv::Mat(1, bytes, CV_8UC1, cv::Scalar(7)); }

TEST(ImageCache, KeepsWhatFitsAndDropsNothing) {
  ImageCache cache(10'000);
  cache.add("a", {image_of_bytes(6'000), {1, 2}});
  cache.add("b", {image_of_bytes(6'000), {}});
  cache.add("c", {image_of_bytes(2'000), {}});
  cache.add("a", {image_of_bytes(1'000), {}});
  ASSERT_TRUE(cache.find("a"));
  EXPECT_EQ(cache.find("a")->pixels.cols, 6'000);
  EXPECT_EQ(cache.find("a")->source, cv::Size(1, 2));
  EXPECT_FALSE(cache.find("b"));
  EXPECT_TRUE(cache.find("c"));
  ImageCache none(0);
  none.add("a", {image_of_bytes(0), {}});
  EXPECT_FALSE(none.find("a"));
}

TEST(ImageCache, TakesLargeAndSmallImagesInAnyOrder) {
  constexpr int kMany = 3'000'000;
  ImageCache cache(30'000'000);
  for (int i = 0; i < 9; ++i) {
    const cv::Mat pixels(1, i % 2 == 0 ? kMany : 900'000, CV_8UC1, cv::Scalar(i));
    cache.add(std::to_string(i), {pixels, {}});
  }
  for (int i = 0; i < 9; ++i) {
    const auto found = cache.find(std::to_string(i));
    ASSERT_TRUE(found) << i;
    EXPECT_EQ(cv::countNonZero(found->pixels != i), 0) << i;
  }
}

TEST(ImageCache, KeepsOnlyThePartOfALargerImage) {
  ImageCache cache(10'000);
  const cv::Mat large(1000, 1000, CV_8UC1, cv::Scalar(3));
  cache.add("part", {large(cv::Rect(10, 10, 20, 20)), {}});
  EXPECT_FALSE(cache.find("part")->pixels.isSubmatrix());
  EXPECT_EQ(cv::countNonZero(cache.find("part")->pixels == 3), 400);
}

TEST(ImageCache, TakesFromManyThreadsNoMoreThanFits) {
  ImageCache cache(100'000);
  const auto add_all = [&] {
    for (int i = 0; i < 200; ++i) cache.add(std::to_string(i), {image_of_bytes(1'000), {}});
  };
  std::thread one(add_all);
  std::thread two(add_all);
  one.join();
  two.join();
  int kept = 0;
  for (int i = 0; i < 200; ++i) kept += cache.find(std::to_string(i)) ? 1 : 0;
  EXPECT_GT(kept, 70);
  EXPECT_LT(kept, 80) << "1000 bytes and what surrounds them";
}

/// Grey, RGBA and 16 bit too: whatever preprocessing has to convert.
void write_mixed_images(const TemporaryDirectory& data) {
  cv::Mat grey;
  cv::Mat transparent;
  cv::Mat deep;
  cv::cvtColor(picture(90, 64, 1), grey, cv::COLOR_BGR2GRAY);
  cv::cvtColor(picture(90, 64, 2), transparent, cv::COLOR_BGR2BGRA);
  picture(90, 64, 3).convertTo(deep, CV_16U, 250, 11);
  for (const char* part : {"trainA", "trainB", "train"}) {
    write_picture(data.path() / part / "0.jpg", picture(90, 64));
    write_picture(data.path() / part / "1.png", grey);
    write_picture(data.path() / part / "2.png", transparent);
    write_picture(data.path() / part / "3.png", deep);
  }
}

/// Every sample of every mode, twice: with all in the cache, with a part, with none.
void expect_equal_with_and_without(DataOptions options, Pairing wanted) {
  for (const auto& row : kPreprocessNames) {
    options.preprocess = row.value;
    options.memory.bytes = 0;
    const OpenedDataset uncached = open_dataset(options, "train", wanted);
    for (const int64_t memory : {20'000, 10'000'000}) {
      options.memory.bytes = memory;
      const OpenedDataset cached = open_dataset(options, "train", wanted);
      for (int64_t i = 0; i < 3 * cached.dataset->size(); ++i) {
        const int64_t index = i % cached.dataset->size();
        const Sample ours = sample_of(*cached.dataset, index, static_cast<uint64_t>(i));
        const Sample expected = sample_of(*uncached.dataset, index, static_cast<uint64_t>(i));
        ASSERT_TRUE(ours.input.equal(expected.input)) << row.name << " " << ours.name;
        ASSERT_TRUE(ours.target.equal(expected.target)) << row.name << " " << ours.name;
      }
    }
  }
}

TEST(DecodedImages, ComeFromTheCacheBitForBit) {
  const TemporaryDirectory data;
  write_mixed_images(data);
  DataOptions options;
  options.data = data.path().string();
  options.load_size = 40;
  options.crop_size = 32;
  expect_equal_with_and_without(options, Pairing::kPaired);
  expect_equal_with_and_without(options, Pairing::kUnpaired);
  for (const char* folder : {"trainA", "trainB"}) std::filesystem::remove_all(data / folder);
  expect_equal_with_and_without(options, Pairing::kPaired);
  expect_equal_with_and_without(options, Pairing::kUnpaired);
}

TEST(DecodedImages, AreReadOnceWhileMemoryLasts) {
  const TemporaryDirectory data;
  for (int i = 0; i < 3; ++i) {
    write_picture(data / ("train/" + std::to_string(i) + ".png"), picture(80, 40, i));
  }
  for (const int64_t memory : {0, 10'000'000}) {
    DataOptions options = testing::plain_options(data.path(), 32);
    options.memory.bytes = memory;
    const OpenedDataset opened = testing::open_pairs(options);
    const auto hidden = data / "hidden";
    for (int64_t i = 0; i < 3; ++i) (void)sample_of(*opened.dataset, i);
    std::filesystem::rename(data / "train", hidden);
    int read = 0;
    for (int64_t i = 0; i < 3; ++i) {
      const auto get = [&] { (void)sample_of(*opened.dataset, i, 2); };
      read += testing::error_of(ErrorKind::kInput, get) == "no error" ? 1 : 0;
    }
    EXPECT_EQ(read, memory > 0 ? 3 : 0);
    std::filesystem::rename(hidden, data / "train");
  }
}

}  // namespace
}  // namespace solstice
