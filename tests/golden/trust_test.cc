// A training that is left alone for a weekend: what the binary does when things go wrong, and that
// it goes on to the same end.
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "image/codec.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"
#include "support/training_runs.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class Trust : public ::testing::Test {
 protected:
  Trust() {
    make_pairs(data(), 6, 40, 40);
    // As many photos again that have no partner: unpaired folders of different lengths.
    make_photos(unpaired() / "trainA", 5, 40, 44);
    make_photos(unpaired() / "trainB", 3, 44, 40);
  }

  Finished train_pairs(std::vector<std::string> more, const ProgramOptions& options = {}) const {
    more.insert(more.begin(), {"--generator", "unet_32", "--ngf", "4"});
    return run_solstice(small_training(data(), more), options);
  }
  Finished train_cycle(std::vector<std::string> more, const ProgramOptions& options = {}) const {
    more.insert(more.begin(), {"--trainer", "cyclegan", "--generator", "resnet_1blocks", "--ngf",
                               "2", "--pool-size", "2"});
    return run_solstice(small_training(unpaired(), more), options);
  }
  fs::path data() const { return directory_ / "data"; }
  fs::path unpaired() const { return directory_ / "unpaired"; }
  std::string run(const std::string& name = "run") const { return (directory_ / name).string(); }

  static std::vector<Json> events_of(const fs::path& run, const std::string& event) {
    std::vector<Json> found;
    for (const Json& line : log_of(run)) {
      if (line.value("event", "") == event) found.push_back(line);
    }
    return found;
  }

  TemporaryDirectory directory_;
};

/// Weights drawn 5,000 times too large, without any norm to hold them: the discriminator's gradient
/// leaves float's range in every step.
const std::vector<std::string> kDiverging{"--init-gain", "100",   "--norm",          "none",
                                          "--gan-mode",  "lsgan", "--discriminator", "basic"};

std::vector<std::string> operator+(std::vector<std::string> left,
                                   const std::vector<std::string>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

TEST_F(Trust, AStepThatIsNoNumberIsUndoneAndTheRateLowered) {
  const Finished done =
      train_pairs(kDiverging + std::vector<std::string>{"--steps", "12", "--out", run()});
  EXPECT_EQ(done.code, 0) << done.err;
  const auto events = events_of(run(), "nan");
  ASSERT_GE(events.size(), 3U) << done.err;
  EXPECT_NE(events[2]["action"].get<std::string>().find("halved"), std::string::npos);
  EXPECT_NE(done.err.find("is no number; step undone, learning rate halved"), std::string::npos);
  std::vector<double> rates;
  for (const Json& line : log_of(run())) {
    if (line.contains("lr")) rates.push_back(line["lr"]);
  }
  ASSERT_EQ(rates.size(), 12U);
  EXPECT_DOUBLE_EQ(rates.back(), 2e-4 / 8) << "after three times three bad steps";
  const Finished used = run_solstice({"translate", "--model", run(), (data() / "trainA").string(),
                                      "--out", run("out"), "--threads", "1"});
  EXPECT_EQ(used.code, 0) << used.err;
}

TEST_F(Trust, OnNanStopEndsTheRunWithTheStepUndoneAndTheStateSaved) {
  const Finished done = train_pairs(
      kDiverging + std::vector<std::string>{"--steps", "50", "--on-nan", "stop", "--out", run()});
  EXPECT_EQ(done.code, 2);
  EXPECT_NE(done.err.find("is no number (--on-nan stop)"), std::string::npos) << done.err;
  EXPECT_EQ(events_of(run(), "nan").size(), 1U);
  const auto step = events_of(run(), "nan")[0]["step"].get<int64_t>();
  char name[16];
  std::snprintf(name, sizeof name, "%08lld", static_cast<long long>(step));
  EXPECT_TRUE(fs::exists(fs::path(run()) / "checkpoints" / name / "state.json"));
}

TEST_F(Trust, ARunThatNoRateCanSaveGivesUpInOneLine) {
  const Finished done =
      train_pairs(kDiverging + std::vector<std::string>{"--steps", "200", "--lambda-l1", "1000000",
                                                        "--out", run()});
  EXPECT_EQ(done.code, 2);
  EXPECT_NE(done.err.find("a lower rate did not help"), std::string::npos) << done.err;
}

TEST_F(Trust, ValidationChoosesTheBestModelAndTranslateTakesIt) {
  const Finished done =
      train_pairs({"--steps", "9", "--val-split", "0.34", "--validate-every", "3", "--out", run()});
  ASSERT_EQ(done.code, 0) << done.err;
  const auto events = events_of(run(), "validation");
  ASSERT_EQ(events.size(), 3U);
  double best = 1e9;
  for (const Json& event : events) {
    for (const char* metric : {"l1", "psnr", "ssim"}) EXPECT_TRUE(event.contains(metric)) << metric;
    EXPECT_EQ(event["best"], event["l1"].get<double>() < best);
    best = std::min(best, event["l1"].get<double>());
  }
  EXPECT_TRUE(fs::exists(run() + "/best.safetensors"));
  const Finished what = run_solstice({"inspect", run(), "--json"});
  EXPECT_NE(what.out.find("best.safetensors"), std::string::npos) << what.out;
  EXPECT_NE(what.out.find("psnr"), std::string::npos) << what.out;
}

TEST_F(Trust, AValFolderIsUsedAndCycleErrorIsMeasured) {
  make_photos(unpaired() / "valA", 2, 40, 40);
  make_photos(unpaired() / "valB", 2, 40, 40);
  const Finished done = train_cycle(
      {"--steps", "2", "--validate-every", "2", "--best-metric", "cycle_psnr", "--out", run()});
  ASSERT_EQ(done.code, 0) << done.err;
  const auto events = events_of(run(), "validation");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].contains("cycle_l1"));
  EXPECT_TRUE(fs::exists(run() + "/best.safetensors"));
}

TEST_F(Trust, StopsEarlyWhenTheMetricNoLongerImproves) {
  const Finished done = train_pairs({"--steps", "100", "--lr", "0", "--val-split", "0.34",
                                     "--validate-every", "2", "--early-stop", "3", "--out", run()});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(log_of(run()).back()["step"], 8);
  const Finished again =
      train_pairs({"--steps", "100", "--lr", "0", "--val-split", "0.34", "--validate-every", "2",
                   "--early-stop", "3", "--resume", "--out", run()});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(log_of(run()).back()["step"], 8) << "a resume of a run that stopped early";
}

TEST_F(Trust, ImagesOfASingleColourAreFoundBeforeTraining) {
  save_image((data() / "trainA" / "grey.png").string(),
             Image{cv::Mat(40, 40, CV_8UC3, cv::Scalar::all(90)), {}});
  save_image((data() / "trainB" / "grey.png").string(), make_photo(40, 40, 4));
  const Finished done = train_pairs({"--norm", "instance", "--steps", "9", "--out", run()});
  EXPECT_EQ(done.code, 1) << done.err;
  size_t named = 0;
  size_t first_step = 0, line_number = 0;
  for (const std::string& line : lines_of(done.err)) {
    ++line_number;
    if (line.find("grey.png") != std::string::npos) {
      ++named;
      EXPECT_EQ(first_step, 0U) << "said after the first step: " << line;
    }
    if (first_step == 0 && line.find("step 1/") != std::string::npos) first_step = line_number;
  }
  EXPECT_EQ(named, 1U) << done.err;
  EXPECT_TRUE(events_of(run(), "nan").empty());
}

TEST_F(Trust, TranslatesBothWaysWithOneFile) {
  ASSERT_EQ(train_cycle({"--steps", "3", "--out", run()}).code, 0);
  const auto translate = [&](const char* direction) {
    const std::string out = run(std::string("out") + direction);
    const Finished done =
        run_solstice({"translate", "--model", run(), (unpaired() / "trainA").string(), "--out", out,
                      "--direction", direction, "--format", "png", "--threads", "1"});
    EXPECT_EQ(done.code, 0) << done.err;
    return read_text(fs::path(out) / "000.png");
  };
  EXPECT_TRUE(translate("AtoB") != translate("BtoA"));
  // For the Python code each direction becomes a file of its own, which translates alike.
  fs::create_directories(run("python"));
  for (const char* file : {"/latest_net_G_A.pth", "/latest_net_G_B.pth", "/both.pth"}) {
    ASSERT_EQ(run_solstice({"convert", run(), run("python") + file}).code, 0);
  }
  const auto alone = [&](const std::string& model, const char* direction) {
    fs::remove_all(run("alone"));
    const Finished done =
        run_solstice({"translate", "--model", model, (unpaired() / "trainA").string(), "--out",
                      run("alone"), "--direction", direction, "--format", "png", "--threads", "1"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.err.find("changes nothing") != std::string::npos,
              model.ends_with("_A.pth") && direction == std::string("BtoA"))
        << done.err;
    return read_text(fs::path(run("alone")) / "000.png");
  };
  for (const char* direction : {"AtoB", "BtoA"}) {
    EXPECT_TRUE(alone(run("python"), direction) == translate(direction)) << direction;
    EXPECT_TRUE(alone(run("python") + "/both.pth", direction) == translate(direction));
    EXPECT_TRUE(alone(run("python") + "/latest_net_G_A.pth", direction) == translate("AtoB"));
  }
}

/// Everything that a resume has to bring back, at once.
const std::vector<std::string> kEverything{"--ema",
                                           "0.9",
                                           "--precision",
                                           "fp16",
                                           "--accumulate",
                                           "2",
                                           "--clip-grad",
                                           "1",
                                           "--schedule",
                                           "plateau",
                                           "--best-metric",
                                           "cycle_l1",
                                           "--val-split",
                                           "0.3",
                                           "--lr-d",
                                           "0.0001",
                                           "--validate-every",
                                           "2",
                                           "--sample-every",
                                           "3",
                                           "--checkpoint-every",
                                           "5"};

TEST_F(Trust, AResumeBringsBackPoolsAverageScalerPlateauAndBest) {
  const auto whole = kEverything + std::vector<std::string>{"--out", run("whole"), "--steps", "21"};
  ASSERT_EQ(train_cycle(whole).code, 0);
  for (const char* steps : {"4", "9", "10", "21"}) {
    const Finished part =
        train_cycle(kEverything +
                    std::vector<std::string>{"--out", run("parts"), "--resume", "--steps", steps});
    ASSERT_EQ(part.code, 0) << part.err;
  }
  for (const char* file :
       {"model.safetensors", "best.safetensors", "checkpoints/00000021/D_B.safetensors",
        "checkpoints/00000021/G.optimizer.safetensors", "checkpoints/00000021/trainer.safetensors",
        "checkpoints/00000021/average.safetensors", "checkpoints/00000021/state.json"}) {
    EXPECT_TRUE(read_text(run("whole") + "/" + file) == read_text(run("parts") + "/" + file))
        << file;
  }
  EXPECT_EQ(log_of(run("whole")), log_of(run("parts")));
}

TEST_F(Trust, BeginsWithOtherWeightsAndSaysWhatWasNew) {
  ASSERT_EQ(train_pairs({"--steps", "2", "--out", run("first")}).code, 0);
  const Finished warm = train_pairs(
      {"--steps", "1", "--init-from", run("first"), "--freeze", "encoder", "--out", run("warm")});
  ASSERT_EQ(warm.code, 0) << warm.err;
  EXPECT_NE(warm.err.find("G: "), std::string::npos) << warm.err;
  EXPECT_NE(warm.err.find("D: "), std::string::npos) << warm.err;
  const Finished none =
      train_pairs({"--steps", "1", "--init-from", run("nowhere"), "--out", run("other")});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(lines_of(none.err).back().find("error: "), 0U) << none.err;
}

TEST_F(Trust, LeavesAReportAndTensorBoardFiles) {
  ASSERT_EQ(train_pairs({"--steps", "4", "--sample-every", "2", "--out", run()}).code, 0);
  const std::string page = read_text(run() + "/report.html");
  EXPECT_NE(page.find("G_L1"), std::string::npos);
  EXPECT_NE(page.find("data:image/"), std::string::npos);
  EXPECT_EQ(files_below(fs::path(run()) / "tensorboard").size(), 1U);
  ASSERT_EQ(train_pairs({"--steps", "1", "--no-tensorboard", "--out", run("plain")}).code, 0);
  EXPECT_FALSE(fs::exists(run("plain") + "/tensorboard"));
}

TEST_F(Trust, BadOptionsAreOneLineBeforeAnyWork) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--lr", "-1"}, "--lr"},
      {{"--load-size", "32", "--crop-size", "64"}, "crop-size"},
      {{"--trainer", "cyclegan", "--input-nc", "1"}, "--lambda-identity"},
      {{"--recipe", "summer2wnter"}, "summer2wnter"},
      {{"--trainer", "cyclgan"}, "did you mean cyclegan?"},
      {{"--generator", "unet_48"}, "unet_48"},
      {{"--crop-size", "30", "--load-size", "30"}, "multiple of 32"},
      {{"--best-metric", "fid"}, "--best-metric"},
      {{"--best-metric", "psnr"}, "--val-split"},
      {{"--schedule", "plateau"}, "--val-split"},
      {{"--early-stop", "3"}, "--val-split"},
      {{"--schedule", "stairs"}, "--schedule"},
      {{"--precision", "int8"}, "--precision"},
      {{"--on-nan", "shrug"}, "--on-nan"},
      {{"--ema", "1"}, "--ema"},
      {{"--freeze", "middle"}, "--freeze middle"},
      {{"--gan-mode", "wgan"}, "wgangp"},
  };
  for (const auto& [options, named] : cases) {
    const Finished done =
        train_pairs(options + std::vector<std::string>{"--steps", "1", "--out", run()});
    EXPECT_EQ(done.code, 2) << named << ": " << done.err;
    ASSERT_FALSE(lines_of(done.err).empty()) << named;
    EXPECT_NE(lines_of(done.err).back().find(named), std::string::npos) << done.err;
    EXPECT_FALSE(fs::exists(run() + "/options.ini")) << named;
  }
  write_text(directory_ / "typo.ini", "lamda-l1 = 3\n");
  const Finished typo =
      train_pairs({"--config", (directory_ / "typo.ini").string(), "--steps", "1", "--out", run()});
  EXPECT_EQ(typo.code, 2);
  EXPECT_NE(typo.err.find("lambda-l1"), std::string::npos) << typo.err;
}

TEST_F(Trust, AResumeWithAnotherArchitectureIsRefusedByName) {
  ASSERT_EQ(train_pairs({"--steps", "1", "--out", run()}).code, 0);
  const Finished other =
      train_pairs({"--steps", "2", "--resume", "--out", run(), "--norm", "instance"});
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("--norm was \"batch\", is \"instance\""), std::string::npos)
      << other.err;
}

TEST_F(Trust, TakesACommandLineOfTheReference) {
  const Finished done = run_solstice({"train",
                                      "--dataroot",
                                      unpaired().string(),
                                      "--name",
                                      run(),
                                      "--model",
                                      "cycle_gan",
                                      "--netG",
                                      "resnet_1blocks",
                                      "--ngf",
                                      "2",
                                      "--ndf",
                                      "4",
                                      "--netD",
                                      "pixel",
                                      "--load_size",
                                      "36",
                                      "--crop_size",
                                      "32",
                                      "--niter",
                                      "1",
                                      "--niter_decay",
                                      "0",
                                      "--lambda_A",
                                      "5",
                                      "--lambda_B",
                                      "5",
                                      "--lambda_identity",
                                      "0",
                                      "--pool_size",
                                      "3",
                                      "--lr_policy",
                                      "cosine",
                                      "--gpu_ids",
                                      "-1",
                                      "--no_dropout",
                                      "--no_flip",
                                      "--serial_batches"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.err.find("--model is called --trainer here"), std::string::npos) << done.err;
  // What the reference's model sets comes with the trainer: lsgan, instance norm.
  const std::string options = read_text(run() + "/options.ini");
  EXPECT_NE(options.find("gan-mode = lsgan"), std::string::npos);
  EXPECT_NE(options.find("norm = instance"), std::string::npos);
}

}  // namespace
}  // namespace solstice::testing
