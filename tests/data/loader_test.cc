#include "data/loader.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include "pictures.h"

namespace solstice {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;

/// Samples that tell their index and their draw; some cannot be read.
class Numbers final : public Dataset {
 public:
  explicit Numbers(int64_t size, std::set<int64_t> broken = {})
      : size_(size), broken_(std::move(broken)) {}

  int64_t size() const override { return size_; }
  Pairing pairing() const override { return Pairing::kPaired; }
  std::string name(int64_t index) const override { return std::to_string(index); }
  Sample get(int64_t index, Rng& rng) const override {
    ++read;
    if (fatal) throw std::runtime_error("out of order");
    if (broken_.contains(index)) {
      throw Error(ErrorKind::kInput, name(index) + ".png: is cut off");
    }
    const at::Tensor number = at::full({1, 2, 2}, static_cast<double>(index));
    return {number, number + rng.uniform(), name(index)};
  }
  Sample get_centre(int64_t index) const override {
    Rng rng({0});
    return get(index, rng);
  }

  mutable std::atomic<int64_t> read{0};
  bool fatal = false;

 private:
  int64_t size_;
  std::set<int64_t> broken_;
};

DataOptions batches_of(int64_t size, bool shuffle = true) {
  DataOptions options;
  options.batch_size = size;
  options.shuffle = shuffle;
  return options;
}

std::vector<std::string> names_of(Loader& loader, int64_t batches) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < batches; ++i) {
    for (const std::string& name : loader.next().names) names.push_back(name);
  }
  return names;
}

TEST(EpochOrder, IsAPermutationThatDependsOnSeedAndEpoch) {
  const std::vector<int64_t> order = epoch_order(100, true, 7, 3);
  std::vector<int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, epoch_order(100, false, 7, 3));
  EXPECT_NE(order, sorted);
  EXPECT_EQ(order, epoch_order(100, true, 7, 3));
  EXPECT_NE(order, epoch_order(100, true, 7, 4));
  EXPECT_NE(order, epoch_order(100, true, 8, 3));
}

TEST(Collate, StacksInOrderAndKeepsNames) {
  const Sample one{at::full({3, 4, 5}, 1.0), at::full({3, 6, 7}, 2.0), "one"};
  const Sample two{at::full({3, 4, 5}, 3.0), at::full({3, 6, 7}, 4.0), "two"};
  const Batch batch = collate(std::vector<Sample>{one, two}, Pairing::kUnpaired);
  EXPECT_EQ(batch.input.sizes().vec(), (std::vector<int64_t>{2, 3, 4, 5}));
  EXPECT_EQ(batch.target.sizes().vec(), (std::vector<int64_t>{2, 3, 6, 7}));
  EXPECT_TRUE(batch.input[1].equal(two.input));
  EXPECT_TRUE(batch.target[0].equal(one.target));
  EXPECT_THAT(batch.names, ElementsAre("one", "two"));
  EXPECT_EQ(batch.pairing, Pairing::kUnpaired);
}

TEST(Collate, NamesImagesOfDifferentSizes) {
  const Sample one{at::full({3, 4, 4}, 1.0), at::full({3, 4, 4}, 1.0), "one"};
  const Sample two{at::full({3, 4, 8}, 1.0), at::full({3, 4, 8}, 1.0), "two"};
  const std::string error = error_of(ErrorKind::kUsage, [&] {
    (void)collate(std::vector<Sample>{one, two}, Pairing::kPaired);
  });
  EXPECT_THAT(error, HasSubstr("one [3, 4, 4], two [3, 4, 8]"));
}

TEST(Loader, GoesThroughEveryEpochInItsOrderAndKeepsThePartialBatch) {
  const Numbers dataset(7);
  Loader loader(dataset, batches_of(3), 5, 0, 2, 4);
  EXPECT_EQ(loader.batches_per_epoch(), 3);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::string> expected;
    for (const int64_t i : epoch_order(7, true, 5, epoch)) expected.push_back(std::to_string(i));
    EXPECT_EQ(names_of(loader, 2),
              std::vector<std::string>(expected.begin(), expected.begin() + 6));
    const Batch last = loader.next();
    EXPECT_EQ(last.input.size(0), 1);
    EXPECT_EQ(last.names[0], expected[6]);
  }
}

TEST(Loader, GivesEqualBatchesWhateverTheWorkersAndWhereverOpened) {
  const Numbers dataset(11, {4});
  Loader one(dataset, batches_of(2), 9, 0, 1, 1);
  Loader three(dataset, batches_of(2), 9, 0, 3, 5);
  std::vector<Batch> batches;
  for (int i = 0; i < 20; ++i) {
    batches.push_back(one.next());
    const Batch other = three.next();
    EXPECT_EQ(other.names, batches.back().names);
    EXPECT_TRUE(other.input.equal(batches.back().input));
    EXPECT_TRUE(other.target.equal(batches.back().target)) << "the draws differ in batch " << i;
  }
  for (const int64_t first : {1, 5, 6, 13}) {
    Loader later(dataset, batches_of(2), 9, first, 2, 3);
    for (size_t i = static_cast<size_t>(first); i < 20; ++i) {
      EXPECT_TRUE(later.next().target.equal(batches[i].target)) << "opened at " << first;
    }
  }
}

TEST(Loader, AugmentsASampleAnewInEveryEpoch) {
  const Numbers dataset(3);
  Loader loader(dataset, batches_of(3, false), 9, 0, 1, 1);
  const at::Tensor first = loader.next().target;
  EXPECT_FALSE(first.equal(loader.next().target));
}

TEST(Loader, ReplacesAnUnreadableSampleByTheNextAndReportsItOnce) {
  const Numbers dataset(5, {1, 2});
  Loader loader(dataset, batches_of(2, false), 1, 0, 2, 2);
  for (int epoch = 0; epoch < 2; ++epoch) {
    EXPECT_THAT(names_of(loader, 3), ElementsAre("0", "3", "3", "3", "4"));
  }
  const std::vector<DataProblem> failures = loader.failures();
  ASSERT_EQ(failures.size(), 2u);
  EXPECT_EQ(failures[0].file, "1");
  EXPECT_EQ(failures[0].what, "1.png: is cut off");
  EXPECT_EQ(failures[1].file, "2");
}

TEST(Loader, ReplacesTheLastSampleByTheEpochsFirst) {
  const Numbers dataset(3, {2});
  Loader loader(dataset, batches_of(1, false), 1, 0, 1, 1);
  EXPECT_THAT(names_of(loader, 3), ElementsAre("0", "1", "0"));
}

TEST(Loader, FailsWhenNotOneSampleCanBeRead) {
  const Numbers dataset(2, {0, 1});
  Loader loader(dataset, batches_of(1, false), 1, 0, 2, 2);
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)loader.next(); }),
              HasSubstr("not one of the 2 samples can be read; the first: 0.png: is cut off"));
}

TEST(Loader, HandsOnEveryOtherException) {
  Numbers dataset(2);
  dataset.fatal = true;
  Loader loader(dataset, batches_of(2), 1, 0, 2, 2);
  EXPECT_THROW((void)loader.next(), std::runtime_error);
  EXPECT_THROW((void)loader.next(), std::runtime_error) << "and goes on to the next batch";
}

TEST(Loader, ReadsAsFarAheadAsAllowedAndNoFurther) {
  const Numbers dataset(1000);
  Loader loader(dataset, batches_of(2, false), 1, 0, 3, 4);
  for (int i = 0; i < 10; ++i) (void)loader.next();
  while (dataset.read < 2 * (10 + 4)) std::this_thread::yield();
  for (int i = 0; i < 20000; ++i) std::this_thread::yield();  // time to read on, if it did
  EXPECT_EQ(dataset.read.load(), 2 * (10 + 4));
}

TEST(Loader, StopsCleanlyWithBatchesUnderWay) {
  for (int64_t eaten = 0; eaten < 20; ++eaten) {
    const auto dataset = std::make_unique<Numbers>(100);
    Loader loader(*dataset, batches_of(4), 1, 0, 3, 8);
    for (int64_t i = 0; i < eaten % 4; ++i) (void)loader.next();
  }
}

TEST(Loader, ReadsRealFilesEquallyWithOneWorkerAndThree) {
  const TemporaryDirectory data;
  for (int i = 0; i < 6; ++i) {
    testing::write_picture(data / ("train/" + std::to_string(i) + ".png"),
                           testing::picture(96, 48, i));
  }
  testing::truncate_file(data / "train/3.png", 0.6);
  DataOptions options;
  options.data = data.path().string();
  options.load_size = 40;
  options.crop_size = 32;
  options.batch_size = 4;
  const OpenedDataset opened = testing::open_pairs(options);
  ASSERT_EQ(opened.dataset->size(), 6) << "the header of the cut file is whole";
  Loader one(*opened.dataset, options, 3, 0, 1, 2);
  Loader three(*opened.dataset, options, 3, 0, 3, 2);
  for (int i = 0; i < 6; ++i) {
    const Batch left = one.next();
    const Batch right = three.next();
    EXPECT_EQ(left.input.sizes().vec(), (std::vector<int64_t>{i % 2 == 0 ? 4 : 2, 3, 32, 32}));
    EXPECT_TRUE(left.input.equal(right.input));
    EXPECT_TRUE(left.target.equal(right.target));
    EXPECT_THAT(left.names, ::testing::Not(::testing::Contains("train/3.png")));
  }
  ASSERT_EQ(three.failures().size(), 1u);
  EXPECT_EQ(three.failures()[0].file, "train/3.png");
  EXPECT_THAT(three.failures()[0].what, HasSubstr((data / "train/3.png").string() + ": "));
  EXPECT_GE(one.waited_seconds(), 0);
}

}  // namespace
}  // namespace solstice
