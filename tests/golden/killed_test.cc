#include <gtest/gtest.h>
#include <signal.h>

#include "core/files.h"
#include "core/rng.h"
#include "image/codec.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"
#include "support/training_runs.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kKills = 20;

/// kill -9 once a random number of lines was printed, and a random number of turns later.
ProgramOptions kill_at_random(Rng& rng, int64_t most_lines, bool watch_out) {
  const auto lines = static_cast<size_t>(1 + rng.below(most_lines));
  const int64_t turns = rng.below(3'000'000);
  ProgramOptions options;
  options.watch = [=](const std::string& out, const std::string& err) {
    if (lines_of(watch_out ? out : err).size() < lines) return 0;
    for (volatile int64_t i = 0; i < turns;) i = i + 1;
    return SIGKILL;
  };
  return options;
}

TEST(Killed, TranslateLeavesNoBrokenFileAndGoesOn) {
  const TemporaryDirectory directory;
  const fs::path run = make_run(directory / "run");
  const fs::path in = directory / "in";
  const fs::path out = directory / "out";
  make_photos(in, 120, 80, 72);
  Rng rng({20});
  int killed = 0;
  size_t before = 0;
  for (int i = 0; i < kKills; ++i) {
    const Finished cut = run_solstice({"translate", "--model", run.string(), in.string(), "--out",
                                       out.string(), "--json", "--threads", "1"},
                                      kill_at_random(rng, 4, true));
    killed += cut.code == 128 + SIGKILL ? 1 : 0;
    size_t whole = 0;
    for (const std::string& name : files_below(out)) {
      if (is_temporary_name(fs::path(name).filename().string())) continue;
      EXPECT_NO_THROW(load_image((out / name).string())) << name;
      ++whole;
    }
    EXPECT_GE(whole, before);
    before = whole;
  }
  EXPECT_GE(killed, kKills / 2);
  const Finished rest = run_solstice(
      {"translate", "--model", run.string(), in.string(), "--out", out.string(), "--threads", "1"});
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_EQ(files_below(out).size(), 120U) << "temporaries of killed runs must be gone";
}

/// 200 steps of a small run that is killed twenty times on the way.
void expect_the_same_end(const std::vector<std::string>& trainer) {
  const TemporaryDirectory directory;
  const fs::path data = directory / "data";
  make_pairs(data, 3, 40, 40);
  const auto train = [&](const std::string& name, const ProgramOptions& options) {
    std::vector<std::string> more{"--resume",
                                  "--out",
                                  (directory / name).string(),
                                  "--load-size",
                                  "32",
                                  "--steps",
                                  "200",
                                  "--checkpoint-every",
                                  "3",
                                  "--sample-every",
                                  "20",
                                  "--no-tensorboard"};
    more.insert(more.end(), trainer.begin(), trainer.end());
    return run_solstice(small_training(data, more), options);
  };
  ASSERT_EQ(train("whole", {}).code, 0);
  Rng rng({21});
  int killed = 0;
  for (int i = 0; i < kKills; ++i) {
    const Finished cut = train("parts", kill_at_random(rng, 15, false));
    killed += cut.code == 128 + SIGKILL ? 1 : 0;
    ASSERT_TRUE(cut.code == 0 || cut.code == 128 + SIGKILL) << cut.err;
  }
  EXPECT_GE(killed, kKills * 3 / 4);
  const Finished rest = train("parts", {});
  ASSERT_EQ(rest.code, 0) << rest.err;
  for (const std::string& file : files_below(directory / "whole")) {
    const bool state = file.starts_with("checkpoints/") || file == "model.safetensors";
    if (!state) continue;
    EXPECT_TRUE(read_text(directory / "whole" / file) == read_text(directory / "parts" / file))
        << file;
  }
  EXPECT_EQ(lines_of(read_text(directory / "parts" / "log.jsonl")).size(), 200U);
  EXPECT_EQ(files_below(directory / "whole"), files_below(directory / "parts"));
}

TEST(Killed, TrainingPairsGoesOnToTheSameEnd) {
  expect_the_same_end({"--generator", "unet_32", "--ngf", "4"});
}

TEST(Killed, TrainingCycleGanWithAnAverageAndALossScaleGoesOnToTheSameEnd) {
  expect_the_same_end({"--trainer", "cyclegan", "--generator", "resnet_1blocks", "--ngf", "2",
                       "--pool-size", "5", "--ema", "0.99", "--precision", "fp16"});
}

}  // namespace
}  // namespace solstice::testing
