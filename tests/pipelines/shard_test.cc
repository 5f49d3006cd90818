#include "pipelines/shard.h"

#include <gtest/gtest.h>

#include <map>

#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;
using Variables = std::map<std::string, std::string>;

std::string chosen(const std::string& text, const Variables& variables = {}) {
  const Shard shard = choose_shard(text, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
  return std::to_string(shard.index) + "/" + std::to_string(shard.count);
}

TEST(Shard, IsTheWholeUnlessAsked) {
  EXPECT_EQ(chosen(kWholeShard, {{"RANK", "1"}, {"WORLD_SIZE", "4"}}), "0/1");
  EXPECT_TRUE(Shard().takes("anything"));
}

TEST(Shard, CountsFromZero) {
  EXPECT_EQ(chosen("0/8"), "0/8");
  EXPECT_EQ(chosen("7/8"), "7/8");
  EXPECT_TRUE(
      fails_with("--shard 8/8: index 8 of 8 shards; expected 0 to 7", [] { chosen("8/8"); }));
  EXPECT_TRUE(fails_with("expected 1 to 1000000", [] { chosen("0/0"); }));
  for (const char* text : {"1", "a/b", "-1/4", "1/4/2", "/", "1/", "autos", "auto/", " 1/2"}) {
    EXPECT_TRUE(fails_with("expected i/n with i from 0 to n-1, auto, or auto/n", [&] {
      chosen(text);
    })) << text;
  }
}

// Literal: the share of a file must stay the same from one version to the next.
TEST(Shard, OfAPlaceNeverChanges) {
  const auto index_of = [](const std::string& place) {
    for (int64_t i = 0; i < 8; ++i) {
      if (Shard{i, 8, ""}.takes(place)) return i;
    }
    return int64_t{-1};
  };
  EXPECT_EQ(index_of("a.jpg"), 6);
  EXPECT_EQ(index_of("2019/holiday/0001.jpg"), 0);
  EXPECT_EQ(index_of("2019/holiday/0002.jpg"), 1);
  EXPECT_EQ(index_of("\xe6\x97\xa5.png"), 6);
}

TEST(Shard, SharesAreDisjointAndWhole) {
  for (int i = 0; i < 500; ++i) {
    int takers = 0;
    for (int64_t k = 0; k < 7; ++k) takers += Shard{k, 7, ""}.takes(std::to_string(i)) ? 1 : 0;
    EXPECT_EQ(takers, 1);
  }
}

TEST(Shard, ReadsEveryScheduler) {
  EXPECT_EQ(chosen("auto", {{"RANK", "1"}, {"WORLD_SIZE", "4"}}), "1/4");
  EXPECT_EQ(chosen("auto", {{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}}), "2/4");
  EXPECT_EQ(chosen("auto", {{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}}), "3/4");
  EXPECT_EQ(chosen("auto", {{"SLURM_PROCID", "5"}, {"SLURM_NTASKS", "6"}}), "5/6");
  EXPECT_EQ(chosen("auto", {{"AWS_BATCH_JOB_ARRAY_INDEX", "0"}, {"AWS_BATCH_JOB_ARRAY_SIZE", "9"}}),
            "0/9");
  EXPECT_EQ(chosen("auto", {{"BATCH_TASK_INDEX", "1"}, {"BATCH_TASK_COUNT", "2"}}), "1/2");
  EXPECT_EQ(chosen("auto", {{"CLOUD_RUN_TASK_INDEX", "1"}, {"CLOUD_RUN_TASK_COUNT", "3"}}), "1/3");
  EXPECT_EQ(chosen("auto/8", {{"JOB_COMPLETION_INDEX", "7"}}), "7/8");
}

TEST(Shard, OfASlurmArrayMayBeginAnywhereAndGoInSteps) {
  Variables array{{"SLURM_ARRAY_TASK_ID", "9"},
                  {"SLURM_ARRAY_TASK_MIN", "1"},
                  {"SLURM_ARRAY_TASK_MAX", "13"},
                  {"SLURM_ARRAY_TASK_STEP", "4"},
                  {"SLURM_ARRAY_TASK_COUNT", "4"}};
  EXPECT_EQ(chosen("auto", array), "2/4");
  array["SLURM_ARRAY_TASK_ID"] = "10";
  EXPECT_TRUE(fails_with("which does not fit SLURM_ARRAY_TASK_MIN 1 and _STEP 4",
                         [&] { chosen("auto", array); }));
  // --array=1,3,13: three tasks whose ids are not dense.
  array = {{"SLURM_ARRAY_TASK_ID", "13"},
           {"SLURM_ARRAY_TASK_MIN", "1"},
           {"SLURM_ARRAY_TASK_COUNT", "3"}};
  EXPECT_TRUE(fails_with(
      "index 12 (SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_COUNT) of 3 shards; expected 0 to 2",
      [&] { chosen("auto", array); }));
}

TEST(Shard, TheLauncherNearestToTheProcessCounts) {
  // mpirun inside a Slurm job: every process sees the step that started the daemon.
  const Variables nested{{"SLURM_PROCID", "0"},
                         {"SLURM_NTASKS", "8"},
                         {"OMPI_COMM_WORLD_RANK", "5"},
                         {"OMPI_COMM_WORLD_SIZE", "8"}};
  EXPECT_EQ(chosen("auto", nested), "5/8");
  EXPECT_EQ(chosen("1/2", nested), "1/2");
}

TEST(Shard, ASchedulerWithOneTaskIsPassedOver) {
  Variables variables{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}};
  EXPECT_EQ(chosen("auto", variables), "0/1");
  variables["AWS_BATCH_JOB_ARRAY_INDEX"] = "2";
  variables["AWS_BATCH_JOB_ARRAY_SIZE"] = "3";
  EXPECT_EQ(chosen("auto", variables), "2/3");
}

TEST(Shard, AutoRefusesWhatItCannotKnow) {
  EXPECT_TRUE(
      fails_with("--shard auto: no scheduler is found; looked for RANK, ", [] { chosen("auto"); }));
  EXPECT_TRUE(fails_with("does not tell how many shards there are; say --shard auto/N", [] {
    chosen("auto", {{"JOB_COMPLETION_INDEX", "1"}});
  }));
  EXPECT_TRUE(fails_with("AWS_BATCH_JOB_ARRAY_SIZE is 9", [] {
    chosen("auto/8", {{"AWS_BATCH_JOB_ARRAY_INDEX", "0"}, {"AWS_BATCH_JOB_ARRAY_SIZE", "9"}});
  }));
  EXPECT_TRUE(fails_with("index 4 (RANK, WORLD_SIZE) of 4 shards", [] {
    chosen("auto", {{"RANK", "4"}, {"WORLD_SIZE", "4"}});
  }));
  EXPECT_TRUE(fails_with("RANK is \"-1\", expected a whole number", [] {
    chosen("auto", {{"RANK", "-1"}, {"WORLD_SIZE", "4"}});
  }));
}

}  // namespace
}  // namespace solstice
