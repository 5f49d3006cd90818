#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "image/codec.h"
#include "support/feature_file.h"
#include "support/identity_model.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/shared_data.h"
#include "support/temporary_directory.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// Runs of the binary in a fresh directory.
class Evaluate : public ::testing::Test {
 protected:
  std::string at(const std::string& name) const { return (directory_ / name).string(); }

  Finished evaluate(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"evaluate", "--threads", "1", "--device", "cpu"});
    return run_solstice(arguments);
  }

  /// The report of a run that must do everything.
  Json report(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--report", at("report.json")});
    const Finished run = evaluate(arguments);
    EXPECT_EQ(run.code, 0) << run.err;
    return Json::parse(read_text(at("report.json")));
  }

  static double mean_of(const Json& report, const std::string& metric, const std::string& of) {
    for (const Json& row : report["summary"]) {
      if (row["metric"] == metric && row["of"] == of) return row["mean"];
    }
    ADD_FAILURE() << "no " << metric << " of " << of << " in " << report["summary"];
    return 0;
  }

  /// A folder of PNGs a level darker than those of make_photo.
  void put_images(const std::string& folder, int count, int darker) const {
    fs::create_directories(directory_ / folder);
    for (int i = 0; i < count; ++i) {
      Image photo = make_photo(40, 32, static_cast<uint64_t>(i));
      photo.pixels = cv::max(photo.pixels, cv::Scalar::all(darker)) - cv::Scalar::all(darker);
      save_image(at(folder + "/" + std::to_string(i) + ".png"), photo);
    }
  }

  TemporaryDirectory directory_;
};

// The rows "bicubic" of the papers since SRCNN (Dong et al. 2014): PSNR of the luma, the border
// cut.
TEST_F(Evaluate, GivesThePublishedFiguresOfBicubicOnSet5) {
  SKIP_WITHOUT_SHARED_DATA("set5");
  const std::string set5 = (shared_data() / "set5").string();
  for (const char* channel : {"y", "y8"}) {
    for (const auto& [scale, psnr, ssim] :
         {std::tuple{2, 33.66, 0.9299}, {3, 30.39, 0.8682}, {4, 28.42, 0.8104}}) {
      const Json numbers =
          report({"--data", set5, "--scale", std::to_string(scale), "--channel", channel});
      EXPECT_NEAR(mean_of(numbers, "psnr", "bicubic"), psnr, 0.01) << scale;
      EXPECT_NEAR(mean_of(numbers, "ssim", "bicubic"), ssim, 0.0001) << scale;
    }
  }
}

TEST_F(Evaluate, ComparesTwoFolders) {
  put_images("truth", 3, 0);
  put_images("images", 2, 2);
  const Finished run = evaluate({"--images", at("images"), "--truth", at("truth"), "--csv",
                                 at("files.csv"), "--page", at("page.html")});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_NE(run.out.find("psnr    images     42.1"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("worst by psnr:"), std::string::npos) << run.out;
  EXPECT_NE(run.err.find("2.png: has no partner in " + at("images")), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("2 compared, 0 failed, 1 left out"), std::string::npos) << run.err;
  EXPECT_EQ(lines_of(read_text(at("files.csv"))).size(), 3u);
  EXPECT_NE(read_text(at("page.html")).find("<figure>"), std::string::npos);
}

TEST_F(Evaluate, ABadFileCostsItselfAndTheExitCodeSaysSo) {
  put_images("truth", 3, 0);
  put_images("images", 3, 2);
  write_text(at("images/1.png"), "garbage");
  const Finished run = evaluate({"--images", at("images"), "--truth", at("truth"), "--json"});
  EXPECT_EQ(run.code, 1) << run.err;
  const auto lines = lines_of(run.out);
  ASSERT_EQ(lines.size(), 4u) << run.out;
  EXPECT_EQ(Json::parse(lines[1])["status"], "failed");
  EXPECT_EQ(Json::parse(lines[3])["summary"][0]["files"], 2);
}

TEST_F(Evaluate, SaysWhatWasNotComparedWhenItIsStopped) {
  put_images("truth", 150, 0);
  ProgramOptions options;
  options.watch = [](const std::string& out, const std::string&) {
    return out.empty() ? 0 : SIGINT;
  };
  const Finished run = run_solstice({"evaluate", "--images", at("truth"), "--truth", at("truth"),
                                     "--json", "--jobs", "1", "--report", at("report.json")},
                                    options);
  EXPECT_EQ(run.code, 128 + SIGINT) << run.err;
  const Json numbers = Json::parse(read_text(at("report.json")));
  const int64_t remaining = numbers["counts"]["remaining"];
  EXPECT_GT(remaining, 0);
  EXPECT_EQ(numbers["counts"]["compared"], 150 - remaining);
  const std::string said = std::to_string(remaining) + " were not compared";
  EXPECT_NE(run.err.find(said), std::string::npos) << run.err;
  EXPECT_NE(std::string(numbers["reading"]).find(said), std::string::npos);
}

TEST_F(Evaluate, PrefersThePartnerWithTheSameExtension) {
  put_images("truth", 1, 0);
  put_images("images", 1, 0);
  save_image(at("truth/0.jpg"), make_photo(40, 32, 7));
  const Finished run = evaluate({"--images", at("images"), "--truth", at("truth"), "--json"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(Json::parse(lines_of(run.out)[0])["scores"]["images"]["l1"], 0) << run.out;
  EXPECT_NE(run.err.find("0.jpg: has the same stem as 0.png"), std::string::npos) << run.err;
  save_image(at("images/0.jpg"), make_photo(40, 32, 7));
  EXPECT_EQ(report({"--images", at("images"), "--truth", at("truth")})["counts"]["compared"], 2);
}

TEST_F(Evaluate, DifferencesReplaceNothingThatIsCompared) {
  put_images("truth", 2, 0);
  put_images("images", 2, 2);
  for (const char* folder : {"truth", "images/../images"}) {
    const std::string before = read_text(at(std::string(folder) + "/1.png"));
    const Finished run =
        evaluate({"--images", at("images"), "--truth", at("truth"), "--difference", at(folder)});
    EXPECT_EQ(run.code, 2) << run.err;
    EXPECT_NE(run.err.find("/0.png (and 1 more); choose another folder for --difference"),
              std::string::npos)
        << run.err;
    EXPECT_EQ(read_text(at(std::string(folder) + "/1.png")), before);
  }
  EXPECT_EQ(evaluate({"--images", at("images"), "--truth", at("truth"), "--difference",
                      at("images/differences")})
                .code,
            0);
  EXPECT_TRUE(fs::exists(directory_ / "images/differences/1.png"));
}

TEST_F(Evaluate, TriesAModelOnPairsBesideTheInputItself) {
  make_identity_model(directory_ / "same.safetensors");
  make_pairs(directory_ / "data", 3, 40, 32);
  fs::rename(directory_ / "data/trainA", directory_ / "data/testA");
  fs::rename(directory_ / "data/trainB", directory_ / "data/testB");
  const Json numbers = report({"--model", at("same.safetensors"), "--data", at("data")});
  EXPECT_EQ(mean_of(numbers, "psnr", "same"), mean_of(numbers, "psnr", "input"));
  EXPECT_GT(mean_of(numbers, "l1", "same"), 1);
  EXPECT_EQ(numbers["reading"], "paired by stem: testA + testB, 3 images");
}

TEST_F(Evaluate, TurnsPairsAroundWithTheDirection) {
  make_identity_model(directory_ / "same.safetensors");
  make_pairs(directory_ / "data", 2, 40, 32);
  const Json numbers = report({"--model", at("same.safetensors"), "--data", at("data"), "--split",
                               "train", "--direction", "BtoA"});
  EXPECT_EQ(numbers["files"][0]["file"], "trainB/0.png");
}

TEST_F(Evaluate, MakesTheInputsOfAModelThatEnlarges) {
  make_photos(directory_ / "photos", 2, 41, 37);
  const Finished training =
      run_solstice({"train",      "--recipe",    "superres_x2",  "--data",
                    at("photos"), "--out",       at("twice"),    "--steps",
                    "1",          "--generator", "edsr_1blocks", "--ngf",
                    "4",          "--crop-size", "32",           "--batch-size",
                    "1",          "--precision", "fp32",         "--threads",
                    "1",          "--device",    "cpu",          "--quiet"});
  ASSERT_EQ(training.code, 0) << training.err;
  const Json numbers = report({"--model", at("twice"), "--data", at("photos")});
  EXPECT_EQ(numbers["files"][1]["size"], (Json{40, 36}));
  EXPECT_GT(mean_of(numbers, "psnr", "bicubic"), mean_of(numbers, "psnr", "twice"));
  EXPECT_EQ(numbers["protocol"],
            "luma (y), not rounded, 2 pixels cut off all around, truths "
            "cropped to a multiple of 2");
  const Finished other = evaluate({"--model", at("twice"), "--data", at("photos"), "--scale", "3"});
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("--scale 3 does not fit: the model's is 2"), std::string::npos);
}

TEST_F(Evaluate, TakesSidesOfOneFile) {
  make_identity_model(directory_ / "same.safetensors");
  fs::create_directories(directory_ / "data/val");
  Image both = make_photo(80, 32, 1);
  both.pixels.colRange(0, 40).copyTo(both.pixels.colRange(40, 80));
  save_image(at("data/val/1.png"), both);
  const Json numbers = report({"--model", at("same.safetensors"), "--data", at("data")});
  EXPECT_EQ(numbers["summary"][0]["mean"], "inf");
  EXPECT_EQ(numbers["files"][0]["size"], (Json{40, 32}));
}

TEST_F(Evaluate, NamesDistancesOfSetsAfterTheirNetwork) {
  make_feature_file(directory_ / "means.pt", "return x.mean([2, 3])");
  put_images("truth", 4, 0);
  put_images("same", 4, 0);
  put_images("images", 5, 60);
  const auto distances = [&](const std::string& folder) {
    return report({"--images", at(folder), "--truth", at("truth"), "--metrics", "kid,fid",
                   "--features", at("means.pt")});
  };
  const Json far = distances("images");
  EXPECT_NEAR(mean_of(distances("same"), "fid(means)", "images"), 0, 1e-9);
  EXPECT_GT(mean_of(far, "fid(means)", "images"), 0.05);
  EXPECT_GT(mean_of(far, "kid(means)", "images"),
            mean_of(distances("same"), "kid(means)", "images"));
  EXPECT_EQ(far["reading"], "as two sets: 5 and 4 images");
}

TEST_F(Evaluate, SaysInOneLineWhatIsWrongBeforeAnyWork) {
  put_images("one", 1, 0);
  make_feature_file(directory_ / "means.pt", "return x.mean([2, 3])");
  write_text(at("weights.pth"), "no network");
  const auto fails = [&](const std::vector<std::string>& arguments, const std::string& part) {
    const Finished run = evaluate(arguments);
    EXPECT_EQ(run.code, 2) << part;
    EXPECT_NE(run.err.find(part), std::string::npos) << run.err;
    EXPECT_EQ(lines_of(run.err).size(), 1u) << run.err;
  };
  const std::string one = at("one");
  fails({}, "nothing to do");
  fails({one}, "folders are named by --images");
  fails({"--images", one, "--truth", at("none")}, "none: does not exist");
  fails({"--images", one, "--truth", one, "--metrics", "fid"}, "needs --features FILE");
  fails({"--images", one, "--truth", one, "--metrics", "fid", "--features", at("means.pt")},
        "needs two images or more in each; found 1 and 1");
  fails({"--images", one, "--truth", one, "--metrics", "fid", "--features", at("weights.pth")},
        "cannot be loaded as TorchScript");
  make_identity_model(directory_ / "same.safetensors");
  const std::string same = at("same.safetensors");
  make_pairs(directory_ / "data", 2, 40, 32);
  fails({"--model", same, "--data", one, "--inputs", "shrunk"}, "the model's scale is 1");
  fails({"--model", same, "--data", at("data"), "--split", "train", "--scale", "2"},
        "does not fit: the model's is 1");
  fails({"--images", one, "--truth", one, "--channel", "nonsense"}, "expected one of auto, rgb");
  fails({"--images", one, "--truth", one, "--metrics", "psnt"}, "did you mean psnr");
  fails({"--images", one, "--truth", one, "--border", "x"}, "--border: found \"x\"");
  fails({"--images", one, "--truth", one, "--csv", one}, "is a folder; name a file in it");
  fails({"--model", "superes_x2", "--data", one}, "(did you mean superres_x2?)");
}

}  // namespace
}  // namespace solstice::testing
