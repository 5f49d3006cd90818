#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "image/codec.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"
#include "support/training_runs.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;

class Train : public ::testing::Test {
 protected:
  Finished train(std::vector<std::string> more, const ProgramOptions& options = {}) const {
    more.insert(more.begin(), {"--generator", "unet_32", "--ngf", "4"});
    return run_solstice(small_training(data(), more), options);
  }
  fs::path data() const { return directory_ / "data"; }
  std::string run(const std::string& name = "run") const { return (directory_ / name).string(); }

  TemporaryDirectory directory_;
};

TEST_F(Train, LeavesAWholeRunDirectory) {
  make_pairs(data(), 4, 40, 44);
  const Finished done = train({"--out", run(), "--steps", "6", "--sample-every", "3",
                               "--checkpoint-every", "3", "--no-tensorboard"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(
      files_below(run()),
      (std::vector<std::string>{
          ".lock", "checkpoints/00000003/D.optimizer.safetensors",
          "checkpoints/00000003/D.safetensors", "checkpoints/00000003/G.optimizer.safetensors",
          "checkpoints/00000003/G.safetensors", "checkpoints/00000003/state.json",
          "checkpoints/00000003/trainer.safetensors",
          "checkpoints/00000006/D.optimizer.safetensors", "checkpoints/00000006/D.safetensors",
          "checkpoints/00000006/G.optimizer.safetensors", "checkpoints/00000006/G.safetensors",
          "checkpoints/00000006/state.json", "checkpoints/00000006/trainer.safetensors",
          "log.jsonl", "model.safetensors", "options.ini", "report.html",
          "samples/step_00000003.png", "samples/step_00000006.png"}));
  const auto log = log_of(run());
  ASSERT_EQ(log.size(), 6U);
  EXPECT_EQ(log.back()["step"], 6);
  for (const char* loss : {"G_GAN", "G_L1", "D_real", "D_fake"}) EXPECT_TRUE(log[0].contains(loss));
  EXPECT_GT(load_image(run() + "/samples/step_00000006.png").width(), 96);
}

TEST_F(Train, TheSameSeedGivesTheSameBytes) {
  make_pairs(data(), 3, 40, 40);
  ASSERT_EQ(train({"--out", run("a"), "--steps", "5", "--workers", "1"}).code, 0);
  ASSERT_EQ(train({"--out", run("b"), "--steps", "5", "--workers", "3"}).code, 0);
  ASSERT_EQ(train({"--out", run("c"), "--steps", "5", "--seed", "2"}).code, 0);
  const auto model = [&](const char* name) { return read_text(run(name) + "/model.safetensors"); };
  EXPECT_EQ(model("a"), model("b"));
  EXPECT_NE(model("a"), model("c"));
}

TEST_F(Train, AStoppedAndResumedRunEqualsOneThatWasNeverStopped) {
  make_pairs(data(), 3, 40, 40);
  ASSERT_EQ(train({"--out", run("whole"), "--steps", "8", "--norm", "batch"}).code, 0);
  ASSERT_EQ(train({"--out", run("parts"), "--steps", "3"}).code, 0);
  const Finished resumed =
      run_solstice({"train", "--resume", "--out", run("parts"), "--steps", "8"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(read_text(run("whole") + "/model.safetensors"),
            read_text(run("parts") + "/model.safetensors"));
  EXPECT_EQ(log_of(run("whole")), log_of(run("parts")));
}

TEST_F(Train, CtrlCSavesAndTheRunGoesOnToTheSameEnd) {
  make_pairs(data(), 3, 40, 40);
  ASSERT_EQ(train({"--out", run("whole"), "--steps", "40"}).code, 0);
  ProgramOptions options;
  options.watch = [](const std::string&, const std::string& err) {
    return err.find("step 5/") != std::string::npos ? SIGINT : 0;
  };
  const Finished stopped = train({"--out", run("parts"), "--steps", "40"}, options);
  EXPECT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_NE(stopped.err.find("--resume"), std::string::npos);
  ASSERT_EQ(train({"--out", run("parts"), "--steps", "40", "--resume"}).code, 0);
  EXPECT_EQ(read_text(run("whole") + "/model.safetensors"),
            read_text(run("parts") + "/model.safetensors"));
}

TEST_F(Train, AResumeWithOtherOptionsIsRefusedByName) {
  make_pairs(data(), 2, 40, 40);
  ASSERT_EQ(train({"--out", run(), "--steps", "2"}).code, 0);
  const Finished other = train({"--out", run(), "--steps", "4", "--resume", "--batch-size", "2"});
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("--batch-size was 1, is 2"), std::string::npos) << other.err;
}

TEST_F(Train, DoesNotOverwriteARunUnasked) {
  make_pairs(data(), 2, 40, 40);
  ASSERT_EQ(train({"--out", run(), "--steps", "2"}).code, 0);
  const Finished again = train({"--out", run(), "--steps", "2"});
  EXPECT_EQ(again.code, 2);
  EXPECT_NE(again.err.find("--resume"), std::string::npos) << again.err;
}

TEST_F(Train, ItsOptionsFileRepeatsTheRun) {
  make_pairs(data(), 2, 40, 40);
  const fs::path recipe = directory_ / "mine.ini";
  write_text(recipe, "lambda-l1 = 7\n");
  ASSERT_EQ(train({"--out", run("a"), "--steps", "3", "--recipe", recipe.string()}).code, 0);
  fs::remove(recipe);
  const Finished again =
      run_solstice({"train", "--config", run("a") + "/options.ini", "--out", run("b")});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(read_text(run("a") + "/model.safetensors"), read_text(run("b") + "/model.safetensors"));
}

TEST_F(Train, AMissingPartnerAndUnequalSizesAreNamedAndTheRestIsTrained) {
  make_pairs(data(), 3, 40, 40);
  save_image((data() / "trainA" / "alone.png").string(), make_photo(40, 40, 9));
  save_image((data() / "trainA" / "odd.png").string(), make_photo(40, 40, 9));
  save_image((data() / "trainB" / "odd.png").string(), make_photo(40, 48, 9));
  const Finished done = train({"--out", run(), "--steps", "3"});
  EXPECT_EQ(done.code, 1) << done.err;
  size_t alone = 0;
  size_t odd = 0;
  for (const std::string& line : lines_of(done.err)) {
    alone += line.find("alone.png") != std::string::npos ? 1 : 0;
    odd += line.find("odd.png") != std::string::npos && line.find("40x48") != std::string::npos ? 1
                                                                                                : 0;
  }
  EXPECT_EQ(alone, 1U) << done.err;
  EXPECT_EQ(odd, 1U) << done.err;
  EXPECT_TRUE(fs::exists(run() + "/model.safetensors"));
}

TEST_F(Train, FilesThatAreNoImagesAreNamedAndTheRestIsTrained) {
  make_pairs(data(), 3, 40, 40);
  write_text(data() / "trainA" / "0.png", "");
  write_text(data() / "trainB" / "1.png", "not an image");
  const Finished done = train({"--out", run(), "--steps", "2"});
  EXPECT_EQ(done.code, 1) << done.err;
  EXPECT_NE(done.err.find("0.png"), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("1.png"), std::string::npos) << done.err;
}

TEST_F(Train, NoUsableImageEndsTheRunWithoutLeavingARun) {
  fs::create_directories(data() / "trainA");
  fs::create_directories(data() / "trainB");
  const Finished none = train({"--out", run(), "--steps", "2"});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(lines_of(none.err).size(), 1U) << none.err;
  EXPECT_FALSE(fs::exists(run()));
  const Finished nowhere = run_solstice({"train", "--data", run("nowhere"), "--out", run()});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_NE(nowhere.err.find("nowhere"), std::string::npos) << nowhere.err;
}

TEST_F(Train, ARunDirectoryThatCannotBeMadeIsOneLine) {
  make_pairs(data(), 2, 40, 40);
  write_text(directory_ / "file", "in the way");
  const Finished done = train({"--out", (directory_ / "file" / "run").string(), "--steps", "2"});
  EXPECT_EQ(done.code, 2);
  EXPECT_NE(done.err.find("cannot be made"), std::string::npos) << done.err;
}

TEST_F(Train, ADiskThatFillsUpEndsTheRunAndLeavesTheLastCheckpointWhole) {
  make_pairs(data(), 2, 40, 40);
  ASSERT_EQ(train({"--out", run(), "--steps", "2"}).code, 0);
  ProgramOptions options;
  options.file_size_limit = 20000;
  const Finished full = train({"--out", run(), "--steps", "4", "--resume"}, options);
  EXPECT_EQ(full.code, 2);
  EXPECT_NE(full.err.find("cannot be written"), std::string::npos) << full.err;
  const Finished on = train({"--out", run(), "--steps", "4", "--resume"});
  EXPECT_EQ(on.code, 0) << on.err;
  EXPECT_NE(on.err.find("going on from step 2"), std::string::npos) << on.err;
}

TEST_F(Train, TakesSideBySideFilesOfMixedFormats) {
  fs::create_directories(data() / "train");
  save_image((data() / "train" / "a.png").string(), make_photo(81 * 2, 47, 1));
  save_image((data() / "train" / "b.jpg").string(), make_photo(90, 64, 2));
  save_image((data() / "train" / "c.webp").string(), make_photo(128, 33, 3));
  const Finished done = train({"--out", run(), "--steps", "4", "--preprocess", "fit"});
  EXPECT_EQ(done.code, 0) << done.err;
}

TEST_F(Train, DiscriminatorsLossesAndNormsCanBeChosen) {
  make_pairs(data(), 2, 40, 40);
  int number = 0;
  for (const char* norm : {"batch", "instance", "none"}) {
    for (const char* judge : {"basic", "n_layers", "pixel"}) {
      const Finished done =
          train({"--out", run(std::to_string(++number)), "--steps", "1", "--norm", norm,
                 "--discriminator", judge, "--n-layers", "2", "--gan-mode", "lsgan"});
      EXPECT_EQ(done.code, 0) << norm << " " << judge << ": " << done.err;
    }
  }
  for (const char* mode : {"wgangp", "hinge"}) {
    const Finished done = train({"--out", run(mode), "--steps", "2", "--norm", "instance",
                                 "--gan-mode", mode, "--spectral-norm"});
    EXPECT_EQ(done.code, 0) << mode << ": " << done.err;
    const bool penalised = log_of(run(mode))[0].contains("D_gp");
    EXPECT_EQ(penalised, std::string(mode) == "wgangp");
  }
}

}  // namespace
}  // namespace solstice::testing
