#include <gtest/gtest.h>

#include "data/loader.h"
#include "pictures.h"
#include "support/shared_data.h"

namespace solstice {
namespace {

using testing::shared_data;
using testing::text_of;

OpenedDataset open(const std::string& folder, const std::string& split, Pairing pairing) {
  DataOptions options;
  options.data = (shared_data() / folder).string();
  return open_dataset(options, split, pairing);
}

void expect_part(const std::string& folder, const std::string& split, Pairing pairing,
                 int64_t size) {
  const OpenedDataset opened = open(folder, split, pairing);
  EXPECT_EQ(opened.dataset->pairing(), pairing) << opened.reading;
  EXPECT_EQ(opened.dataset->size(), size) << opened.reading;
  EXPECT_TRUE(opened.problems.empty()) << text_of(opened.problems, shared_data() / folder);
}

TEST(SharedData, DayAndNightArePairedByTheirList) {
  SKIP_WITHOUT_SHARED_DATA("daynight");
  expect_part("daynight", "train", Pairing::kPaired, 148);
  expect_part("daynight", "test", Pairing::kPaired, 26);
}

TEST(SharedData, MapsAreSideBySide) {
  SKIP_WITHOUT_SHARED_DATA("maps");
  expect_part("maps", "train", Pairing::kPaired, 200);
  expect_part("maps", "val", Pairing::kPaired, 25);
}

TEST(SharedData, SeasonsArePairedByStem) {
  SKIP_WITHOUT_SHARED_DATA("season_pairs");
  expect_part("season_pairs", "train", Pairing::kPaired, 40);
  expect_part("season_pairs", "test", Pairing::kPaired, 5);
}

TEST(SharedData, HorsesAndZebrasAreUnpaired) {
  SKIP_WITHOUT_SHARED_DATA("horse2zebra");
  expect_part("horse2zebra", "train", Pairing::kUnpaired, 180);
}

TEST(SharedData, DayAndNightServeUnpairedInFull) {
  SKIP_WITHOUT_SHARED_DATA("daynight");
  const OpenedDataset opened = open("daynight", "train", Pairing::kUnpaired);
  EXPECT_EQ(opened.reading, "unpaired, as the trainer asks: trainA + trainB, 164 and 174 images");
}

TEST(SharedData, GivesTheFirstBatchesOfEveryFolder) {
  SKIP_WITHOUT_SHARED_DATA("daynight");
  for (const char* folder : {"daynight", "maps", "season_pairs", "horse2zebra"}) {
    DataOptions options;
    options.data = (shared_data() / folder).string();
    options.batch_size = 2;
    const bool paired = std::string(folder) != "horse2zebra";
    const OpenedDataset opened =
        open_dataset(options, "train", paired ? Pairing::kPaired : Pairing::kUnpaired);
    Loader loader(*opened.dataset, options, 1, 0, 2, 2);
    for (int i = 0; i < 3; ++i) {
      const Batch batch = loader.next();
      EXPECT_EQ(batch.input.sizes().vec(), (std::vector<int64_t>{2, 3, 256, 256}));
      EXPECT_GT(batch.input.std().item<float>(), 0.05) << batch.names[0];
      EXPECT_FALSE(batch.input.equal(batch.target));
    }
    EXPECT_TRUE(loader.failures().empty());
  }
}

}  // namespace
}  // namespace solstice
