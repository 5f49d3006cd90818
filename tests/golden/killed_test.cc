#include <gtest/gtest.h>
#include <signal.h>

#include "core/rng.h"
#include "image/codec.h"
#include "support/identity_model.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"
#include "support/training_runs.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kKills = 20;

/// kill -9 a random number of turns after what was printed is `ready`.
template <class Ready>
ProgramOptions kill_once(Rng& rng, Ready ready) {
  const int64_t turns = rng.below(3'000'000);
  ProgramOptions options;
  options.watch = [=](const std::string& out, const std::string& err) {
    if (!ready(out, err)) return 0;
    for (volatile int64_t i = 0; i < turns;) i = i + 1;
    return SIGKILL;
  };
  return options;
}

/// Once a random number of lines was printed.
ProgramOptions kill_at_random(Rng& rng, int64_t most_lines) {
  const auto lines = static_cast<size_t>(1 + rng.below(most_lines));
  return kill_once(rng, [=](const std::string&, const std::string& err) {
    return lines_of(err).size() >= lines;
  });
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// Once a random number of results, below `most`, was told of.
ProgramOptions kill_after_results(Rng& rng, int64_t most) {
  const auto results = static_cast<size_t>(rng.below(most));
  return kill_once(rng, [=](const std::string& out, const std::string& err) {
    return !err.empty() && count_of(out, "\"done\"") >= results;
  });
}

TEST(Killed, TranslateEndsWithTheBytesOfARunThatNeverWas) {
  constexpr int kFiles = 500, kTranslateKills = 50;
  const TemporaryDirectory directory;
  const fs::path model = make_identity_model(directory / "identity.safetensors");
  const fs::path in = directory / "in";
  for (int i = 0; i < kFiles; ++i) {
    const fs::path folder = in / std::to_string(i % 7);
    fs::create_directories(folder);
    const char* ending = i % 3 == 0 ? ".jpg" : i % 3 == 1 ? ".png" : ".webp";
    write_text(folder / (std::to_string(i) + ending),
               encode_image(make_photo(320, 240, static_cast<uint64_t>(i)),
                            {format_of_extension(ending).value()}));
  }
  const auto translate = [&](const char* out, const ProgramOptions& options = {}) {
    return run_solstice({"translate", "--model", model.string(), in.string(), "--out",
                         (directory / out).string(), "--json", "--threads", "1", "--jobs", "2"},
                        options);
  };
  ASSERT_EQ(translate("whole").code, 0);
  Rng rng({20});
  int killed = 0;
  for (int i = 0; i < kTranslateKills; ++i) {
    killed += translate("parts", kill_after_results(rng, 4)).code == 128 + SIGKILL ? 1 : 0;
  }
  // Results appear in groups of 20 ms: the photos are large enough for none to hold many.
  EXPECT_GE(killed, kTranslateKills * 4 / 5);
  EXPECT_LT(files_below(directory / "parts").size(), size_t{kFiles}) << "killed too late to tell";
  const Finished rest = translate("parts");
  EXPECT_EQ(rest.code, 0) << rest.err;
  ASSERT_EQ(files_below(directory / "parts"), files_below(directory / "whole"));
  for (const std::string& name : files_below(directory / "whole")) {
    EXPECT_TRUE(read_text(directory / "whole" / name) == read_text(directory / "parts" / name))
        << name;
  }
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
    const Finished cut = train("parts", kill_at_random(rng, 15));
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

TEST(Killed, NoResultBesideItsPhotoIsTakenForAPhoto) {
  constexpr int kFiles = 300;
  const TemporaryDirectory directory;
  const fs::path model = make_identity_model(directory / "identity.safetensors");
  const fs::path in = directory / "in";
  fs::create_directories(in);
  for (int i = 0; i < kFiles; ++i) {
    write_text(in / (std::to_string(i) + ".png"),
               encode_image(make_photo(24, 20, static_cast<uint64_t>(i)), {ImageFormat::kPng}));
  }
  const auto translate = [&](const ProgramOptions& options = {}) {
    return run_solstice({"translate", "--model", model.string(), in.string(), "--out", in.string(),
                         "--name", "{stem}_x{ext}", "--json", "--threads", "1"},
                        options);
  };
  Rng rng({21});
  for (int i = 0; i < kKills; ++i) {
    const Finished run = translate(kill_after_results(rng, 8));
    EXPECT_TRUE(run.code == 0 || run.code == 128 + SIGKILL) << run.code << run.err;
  }
  EXPECT_EQ(translate().code, 0);
  EXPECT_EQ(files_below(in).size(), size_t{2 * kFiles});
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
