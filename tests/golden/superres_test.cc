#include <gtest/gtest.h>

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

std::vector<fs::path> files_of(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  return files;
}

class SuperRes : public ::testing::Test {
 protected:
  /// A recipe with a network that trains in no time.
  Finished train(const std::string& recipe, std::vector<std::string> more) const {
    std::vector<std::string> arguments{"train",
                                       "--recipe",
                                       recipe,
                                       "--data",
                                       data().string(),
                                       "--generator",
                                       "edsr_1blocks",
                                       "--ngf",
                                       "8",
                                       "--crop-size",
                                       "24",
                                       "--batch-size",
                                       "2",
                                       "--repeat",
                                       "4",
                                       "--threads",
                                       "1",
                                       "--log-every",
                                       "1",
                                       "--device",
                                       "cpu"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_solstice(arguments);
  }
  fs::path data() const { return directory_ / "photos"; }
  std::string run(const std::string& name = "run") const { return (directory_ / name).string(); }

  TemporaryDirectory directory_;
};

TEST_F(SuperRes, LearnsFromOneFolderAndEnlargesEveryFileExactly) {
  make_photos(data(), 4, 48, 40);
  const Finished done =
      train("superres_x2", {"--out", run(), "--steps", "6", "--val-split", "0.3"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.err.find("one folder of images"), std::string::npos) << done.err;
  const auto log = log_of(run());
  EXPECT_TRUE(log.front().contains("G_L1"));

  const fs::path mixed = directory_ / "mixed";
  fs::create_directories(mixed);
  const std::vector<std::pair<int, int>> sizes{{33, 21}, {1, 1}, {2, 47}, {64, 64}, {7, 5}};
  for (const auto& [width, height] : sizes) {
    Image image = make_photo(width, height, 3);
    save_image((mixed / (std::to_string(width) + ".png")).string(), image);
  }
  const std::string out = (directory_ / "out").string();
  const Finished enlarged =
      run_solstice({"translate", "--model", run(), mixed.string(), "--out", out});
  ASSERT_EQ(enlarged.code, 0) << enlarged.err;
  for (const auto& [width, height] : sizes) {
    const Image image = load_image(out + "/" + std::to_string(width) + ".png");
    EXPECT_EQ(image.width(), 2 * width);
    EXPECT_EQ(image.height(), 2 * height);
  }
}

TEST_F(SuperRes, AResumedRunEqualsOneThatWasNeverStopped) {
  make_photos(data(), 3, 40, 40);
  for (const char* recipe : {"superres_photo", "srgan"}) {
    const std::string name = recipe;
    const std::vector<std::string> small{"--scale", "2", "--discriminator", "pixel", "--ndf", "4"};
    const auto with = [&](std::vector<std::string> more) {
      more.insert(more.end(), small.begin(), small.end());
      return train(name, more);
    };
    ASSERT_EQ(with({"--out", run(name + "_whole"), "--steps", "6"}).code, 0);
    ASSERT_EQ(with({"--out", run(name + "_cut"), "--steps", "3"}).code, 0);
    const Finished done =
        run_solstice({"train", "--resume", "--out", run(name + "_cut"), "--steps", "6"});
    ASSERT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(read_text(run(name + "_whole") + "/model.safetensors"),
              read_text(run(name + "_cut") + "/model.safetensors"))
        << recipe;
  }
}

TEST_F(SuperRes, AFourfoldNetworkBeginsWithThatOfATwofoldOne) {
  make_photos(data(), 3, 40, 40);
  ASSERT_EQ(train("superres_x2", {"--out", run("x2"), "--steps", "2"}).code, 0);
  const Finished done =
      train("superres_x4", {"--out", run("x4"), "--steps", "2", "--init-from", run("x2")});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.err.find("G: 16 of 18 tensors from"), std::string::npos) << done.err;
}

TEST_F(SuperRes, TrainsANetworkWhoseInputsMustDivideOnImagesThatDoNot) {
  make_photos(data(), 4, 70, 58);
  const std::vector<std::string> network{"--generator", "rrdb_1blocks", "--growth", "4"};
  const auto with_crop = [&](const std::string& crop) {
    std::vector<std::string> more{"--out", run("run" + crop), "--steps", "2",           "--scale",
                                  "2",     "--val-split",     "0.3",     "--crop-size", crop};
    more.insert(more.end(), network.begin(), network.end());
    return train("superres_x2", more);
  };
  const Finished done = with_crop("24");
  EXPECT_EQ(done.code, 0) << done.err;
  const Finished odd = with_crop("50");
  EXPECT_EQ(odd.code, 2);
  EXPECT_NE(odd.err.find("gives samples of 50x50, and each side must be a multiple of 4; choose "
                         "another --crop-size"),
            std::string::npos)
      << odd.err;
}

TEST_F(SuperRes, EveryModelThatShipsIsFoundByItsName) {
  const fs::path models = fs::path(SOLSTICE_SOURCE_DIR) / "samples/models";
  const fs::path photos = directory_ / "photos";
  make_photos(photos, 1, 31, 22);
  size_t found = 0;
  for (const fs::path& file : files_of(models, ".safetensors")) {
    EXPECT_LT(fs::file_size(file), 6'000'000U) << file;
    EXPECT_TRUE(fs::exists(fs::path(file).replace_extension(".md"))) << "no card for " << file;
    const std::string name = file.stem().string();
    const std::string out = (directory_ / name).string();
    const Finished done = run_solstice(
        {"translate", "--model", name, photos.string(), "--out", out, "--format", "png"});
    ASSERT_EQ(done.code, 0) << done.err;
    const int scale = name.starts_with("superres_x") ? name[10] - '0' : 1;
    const Image image = load_image(out + "/000.png");
    EXPECT_EQ(image.width(), 31 * scale) << name;
    EXPECT_EQ(image.height(), 22 * scale) << name;
    ++found;
  }
  EXPECT_GE(found, 2U);
  const Finished done = run_solstice({"translate", "--model", "superres_x9", photos.string(),
                                      "--out", (directory_ / "none").string()});
  EXPECT_EQ(done.code, 2);
  EXPECT_NE(done.err.find("or one of ours: colorize"), std::string::npos) << done.err;
}

TEST_F(SuperRes, ALimitOnMemoryHalvesTheStripsAndEndsNothing) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer takes more addresses than any limit leaves";
#endif
  const fs::path photo = directory_ / "in" / "a.png";
  fs::create_directories(photo.parent_path());
  save_image(photo.string(), make_photo(900, 640, 3));
  const auto within = [&](int megabytes, const char* tile) {
    const std::string out = (directory_ / ("out" + std::to_string(megabytes))).string();
    const std::string limit = "ulimit -v " + std::to_string(megabytes) + "000; exec \"$@\"";
    return run_program({"/bin/bash", "-c", limit, "bash", SOLSTICE_BINARY, "translate", "--model",
                        "superres_x2_small", photo.string(), "--out", out, "--tile", tile,
                        "--threads", "1", "--jobs", "1"});
  };
  ASSERT_EQ(within(9000, "off").code, 0);
  bool done_by_half = false;
  // What the program itself takes differs from machine to machine.
  for (int megabytes = 1300; megabytes > 700 && !done_by_half; megabytes -= 50) {
    const Finished run = within(megabytes, "off");
    // Before the first image only LibTorch's start can fail, which nobody catches.
    if (run.err.find("edsr_") == std::string::npos) break;
    EXPECT_TRUE(run.code == 0 || run.code == 1) << megabytes << ": " << run.code << run.err;
    if (run.code == 0) {
      done_by_half = done_by_half || run.err.find("again in strips of") != std::string::npos;
      const std::string out = "out" + std::to_string(megabytes);
      EXPECT_EQ(read_text(directory_ / out / "a.png"), read_text(directory_ / "out9000/a.png"));
    } else {
      EXPECT_NE(run.err.find("memory"), std::string::npos) << run.err;
    }
  }
  EXPECT_TRUE(done_by_half);
}

TEST_F(SuperRes, TheModelThatShipsBeatsBicubicOnAPhotoItNeverSaw) {
  // Made by code: no photo of its training.
  const Image truth = make_photo(96, 80, 11);
  fs::create_directories(directory_ / "truth");
  save_image((directory_ / "truth/a.png").string(), truth);
  const Finished done =
      run_solstice({"evaluate", "--model", "superres_x2", "--data", (directory_ / "truth").string(),
                    "--metrics", "psnr", "--json"});
  ASSERT_EQ(done.code, 0) << done.err;
  const auto scores = nlohmann::json::parse(lines_of(done.out).front())["scores"];
  EXPECT_GT(scores["superres_x2"]["psnr"].get<double>(), scores["bicubic"]["psnr"].get<double>());
}

TEST_F(SuperRes, KeepsTheBordersOfConstantAndGradientImages) {
  const fs::path plain = directory_ / "plain";
  fs::create_directories(plain);
  const auto write = [&](const std::string& name, const auto& colour_of) {
    cv::Mat pixels(33, 45, CV_8UC3);
    for (int y = 0; y < pixels.rows; ++y) {
      for (int x = 0; x < pixels.cols; ++x) pixels.at<cv::Vec3b>(y, x) = colour_of(x, y);
    }
    save_image((plain / (name + ".png")).string(), Image{pixels, {}});
  };
  write("red", [](int, int) { return cv::Vec3b(220, 20, 30); });
  write("white", [](int, int) { return cv::Vec3b(255, 255, 255); });
  write("slope", [](int x, int y) {
    const auto level = static_cast<uchar>(20 + 3 * x + 2 * y);
    return cv::Vec3b(level, level, level);
  });
  const fs::path out = directory_ / "out";
  const Finished done =
      run_solstice({"translate", "--model", "superres_x2", plain.string(), "--out", out.string()});
  ASSERT_EQ(done.code, 0) << done.err;
  const cv::Mat red = load_image((out / "red.png").string()).pixels;
  const cv::Mat white = load_image((out / "white.png").string()).pixels;
  const cv::Mat slope = load_image((out / "slope.png").string()).pixels;
  for (int y = 0; y < red.rows; ++y) {
    for (int x = 0; x < red.cols; ++x) {
      EXPECT_LE(cv::norm(red.at<cv::Vec3b>(y, x), cv::Vec3b(220, 20, 30), cv::NORM_INF), 1);
      EXPECT_LE(cv::norm(white.at<cv::Vec3b>(y, x), cv::Vec3b(255, 255, 255), cv::NORM_INF), 1);
      const double level = 20 + 3 * ((x + 0.5) / 2 - 0.5) + 2 * ((y + 0.5) / 2 - 0.5);
      EXPECT_NEAR(slope.at<cv::Vec3b>(y, x)[1], level, 2.5) << x << " " << y;
    }
  }
}

TEST_F(SuperRes, SaysWhatDoesNotFit) {
  make_photos(data(), 2, 40, 40);
  const auto error_of = [&](const std::string& recipe, std::vector<std::string> more) {
    more.insert(more.end(), {"--out", run(), "--steps", "1"});
    const Finished done = train(recipe, more);
    EXPECT_EQ(done.code, 2) << done.err;
    EXPECT_FALSE(fs::exists(run()));
    return done.err.substr(done.err.find("error: "));
  };
  EXPECT_EQ(error_of("superres_x2", {"--crop-size", "25"}),
            "error: --crop-size 25: found 25, expected a multiple of --scale 2\n");
  EXPECT_EQ(error_of("superres_x2", {"--inputs", "files"}),
            "error: --scale 2: the files of a pair have one size; --inputs shrunk makes smaller "
            "inputs\n");
  EXPECT_EQ(error_of("superres_x2", {"--generator", "unet_8"}),
            "error: --scale 2: unet_8 keeps the size of its input\n");
  EXPECT_EQ(error_of("superres_x2", {"--trainer", "pix2pix"}),
            "error: --scale 2: pix2pix lays input and output side by side, which must have one "
            "size; use --trainer superres or srgan\n");
  EXPECT_EQ(error_of("srgan", {"--content-network", "none.pt"})
                .find("error: --content-network none.pt: no such file"),
            0U);
  EXPECT_NE(error_of("superres_x2", {"--crop-size", "64"}).find("smaller than crop-size 64"),
            std::string::npos);
}

}  // namespace
}  // namespace solstice::testing
