#include "training/run_directory.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "core/error.h"
#include "core/files.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

void make_checkpoint(RunDirectory& run, int64_t step, int64_t keep) {
  write_file_atomically(run.begin_checkpoint(step) / "state.json", "{}");
  run.commit_checkpoint(step, keep);
}

TEST(RunDirectory, KeepsTheLastCheckpoints) {
  const testing::TemporaryDirectory directory;
  RunDirectory run((directory / "run").string());
  EXPECT_FALSE(latest_checkpoint(run.path()));
  for (const int64_t step : {8, 9, 10, 100}) make_checkpoint(run, step, 2);
  EXPECT_EQ(latest_checkpoint(run.path())->filename(), "00000100");
  EXPECT_FALSE(fs::exists(run.path() / "checkpoints/00000009"));
  EXPECT_TRUE(fs::exists(run.path() / "checkpoints/00000010"));
}

TEST(RunDirectory, AnUnfinishedCheckpointIsNoCheckpointAndIsCleanedAway) {
  const testing::TemporaryDirectory directory;
  RunDirectory run((directory / "run").string());
  make_checkpoint(run, 5, 2);
  write_file_atomically(run.begin_checkpoint(10) / "G.safetensors", "half");
  EXPECT_EQ(latest_checkpoint(run.path())->filename(), "00000005");
  run.clean(5);
  size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(run.path() / "checkpoints")) {
    entries += entry.exists() ? 1 : 0;
  }
  EXPECT_EQ(entries, 1U);
}

TEST(RunDirectory, CleaningDropsLaterAndCutOffLinesOfTheLog) {
  const testing::TemporaryDirectory directory;
  RunDirectory run((directory / "run").string());
  for (int step = 1; step <= 4; ++step) run.append_log({{"step", step}});
  std::ofstream(run.path() / "log.jsonl", std::ios::app) << R"({"step": 5, "G_)";
  run.clean(2);
  EXPECT_EQ(read_file(run.path() / "log.jsonl"), "{\"step\":1}\n{\"step\":2}\n");
}

TEST(RunDirectory, TwoTrainingsCannotShareOne) {
  const testing::TemporaryDirectory directory;
  const std::string path = (directory / "run").string();
  const RunDirectory first(path);
  EXPECT_THROW(RunDirectory second(path), Error);
}

}  // namespace
}  // namespace solstice
