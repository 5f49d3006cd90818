#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "image/codec.h"
#include "image/lab.h"
#include "support/identity_model.h"
#include "support/made_metadata.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"
#include "support/training_runs.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;

/// The largest difference of lightness, in levels of a grey of the image's depth.
double lightness_difference(const cv::Mat& a, const cv::Mat& b) {
  const auto levels = [](const cv::Mat& pixels) {
    const cv::Mat colours(pixels.size(), CV_32FC2, cv::Scalar::all(0));
    cv::Mat grey;
    cv::extractChannel(rgb_of_lab(lightness_of(pixels), colours, CV_16U), grey, 0);
    return grey;
  };
  const double most = cv::norm(levels(a), levels(b), cv::NORM_INF);
  return a.depth() == CV_8U ? most / 257 : most;
}

double most_colour(const cv::Mat& rgb) {
  std::vector<cv::Mat> planes;
  cv::split(rgb, planes);
  return cv::norm(planes[0], planes[2], cv::NORM_INF);
}

class Colorize : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(in()); }

  Finished translate(const std::string& model, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"translate", "--model",      model,       in().string(),
                                       "--out",     out().string(), "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_solstice(arguments);
  }
  std::string made_model() const {
    return make_colour_model(directory_ / "colours.safetensors").string();
  }

  /// `count` colour photos, as one folder.
  void make_photo_folder(int count) const {
    for (int i = 0; i < count; ++i) {
      const std::string name = "photo" + std::to_string(i) + ".png";
      save_image((data() / name).string(), make_photo(60, 48, static_cast<uint64_t>(i + 1)));
    }
  }
  Finished train(std::vector<std::string> more) const {
    std::vector<std::string> options{"--recipe",    "colorize", "--generator",  "unet_32",
                                     "--ngf",       "4",        "--batch-size", "2",
                                     "--precision", "fp32",     "--repeat",     "1"};
    options.insert(options.end(), more.begin(), more.end());
    return run_solstice(small_training(data(), options));
  }

  fs::path in() const { return directory_ / "in"; }
  fs::path out() const { return directory_ / "out"; }
  fs::path data() const {
    fs::create_directories(directory_ / "data");
    return directory_ / "data";
  }
  std::string run() const { return (directory_ / "run").string(); }

  TemporaryDirectory directory_;
};

cv::Mat grey_of(const Image& photo, int depth) {
  cv::Mat grey;
  cv::cvtColor(photo.pixels, grey, cv::COLOR_RGB2GRAY);
  if (depth == CV_16U) grey.convertTo(grey, CV_16U, 256.7);
  return grey;
}

TEST_F(Colorize, GivesGreyImagesColoursAndKeepsTheirLightness) {
  for (const int depth : {CV_8U, CV_16U}) {
    const std::string name = depth == CV_8U ? "8.png" : "16.png";
    const cv::Mat grey = grey_of(make_photo(300, 290, 3), depth);
    save_image((in() / name).string(), Image{grey, {}});
  }
  const Finished run = translate(made_model());
  ASSERT_EQ(run.code, 0) << run.err;
  for (const char* name : {"8.png", "16.png"}) {
    const cv::Mat before = load_image((in() / name).string()).pixels;
    const cv::Mat after = load_image((out() / name).string()).pixels;
    ASSERT_EQ(after.type(), CV_MAKETYPE(before.depth(), 3)) << name;
    ASSERT_EQ(after.size(), before.size()) << name;
    EXPECT_LE(lightness_difference(before, after), 1.05) << name;
    EXPECT_GT(most_colour(after), before.depth() == CV_8U ? 60 : 60 * 257) << name;
  }
}

TEST_F(Colorize, AlphaStaysAndTransparencyIsNoPictureToColour) {
  Image photo = make_photo(70, 50, 4);
  cv::Mat alpha = grey_of(make_photo(70, 50, 5), CV_8U);
  cv::cvtColor(photo.pixels, photo.pixels, cv::COLOR_RGB2RGBA);
  cv::insertChannel(alpha, photo.pixels, 3);
  save_image((in() / "a.png").string(), photo);
  for (const char* mode : {"keep", "translate"}) {
    const Finished run = translate(made_model(), {"--alpha", mode, "--existing", "overwrite"});
    ASSERT_EQ(run.code, 0) << run.err;
    const cv::Mat after = load_image((out() / "a.png").string()).pixels;
    ASSERT_EQ(after.channels(), 4);
    cv::Mat kept;
    cv::extractChannel(after, kept, 3);
    EXPECT_EQ(cv::norm(kept, alpha, cv::NORM_INF), 0) << mode;
  }
}

TEST_F(Colorize, AGreyJpegStandsUprightAndItsGreyProfileIsLeftOut) {
  Image stored{grey_of(make_photo(48, 40, 5), CV_8U), {}};
  cv::rotate(stored.pixels, stored.pixels, cv::ROTATE_90_COUNTERCLOCKWISE);
  const std::string jpeg = encode_image(stored, {ImageFormat::kJpeg, 95});
  write_text(in() / "old.jpg", jpeg_with(jpeg, made_exif(6), "", made_icc("GRAY")));
  const Finished run = translate(made_model(), {"--quality", "100"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Image before = load_image((in() / "old.jpg").string());
  const Image after = load_image((out() / "old.jpg").string());
  EXPECT_EQ(after.pixels.size(), cv::Size(48, 40));
  EXPECT_EQ(after.pixels.channels(), 3);
  EXPECT_TRUE(after.metadata.icc.empty());
  EXPECT_EQ(read_header(read_text(out() / "old.jpg")).orientation, 1);
  EXPECT_NE(after.metadata.exif.find("Acme"), std::string::npos);
  EXPECT_LE(lightness_difference(before.pixels, after.pixels), 12);  // and what JPEG loses
}

TEST_F(Colorize, ALargePhotoIsSeenSmallAndOneInStripsIsTheSame) {
  save_image((in() / "wide.png").string(), Image{grey_of(make_photo(1500, 400, 6), CV_8U), {}});
  ASSERT_EQ(translate(made_model(), {"--memory", "256M"}).code, 0);
  const cv::Mat whole = load_image((out() / "wide.png").string()).pixels;
  EXPECT_LE(lightness_difference(load_image((in() / "wide.png").string()).pixels, whole), 1.05);
  ASSERT_EQ(translate(made_model(), {"--tile", "32", "--existing", "overwrite"}).code, 0);
  EXPECT_LE(cv::norm(load_image((out() / "wide.png").string()).pixels, whole, cv::NORM_INF), 1);
}

TEST_F(Colorize, TheRecipeTrainsOnAFolderOfPhotosAndItsModelTranslates) {
  make_photo_folder(4);
  const Finished done = train({"--out", run(), "--steps", "2", "--val-split", "0.25",
                               "--validate-every", "1", "--sample-every", "1"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.err.find("psnr"), std::string::npos) << done.err;
  const Image grid = load_image(run() + "/samples/step_00000002.png");
  EXPECT_EQ(grid.pixels.channels(), 3);
  EXPECT_GT(most_colour(grid.pixels), 20) << "the targets' colours";
  const Finished inspected = run_solstice({"inspect", "--json", run()});
  const auto model = nlohmann::json::parse(inspected.out);
  EXPECT_EQ(model["task"], "colorize");
  EXPECT_EQ(model["generator"]["input_nc"], 1);
  EXPECT_EQ(model["generator"]["output_nc"], 2);
  save_image((in() / "a.png").string(), Image{grey_of(make_photo(70, 50, 9), CV_8U), {}});
  const Finished translated = translate(run());
  ASSERT_EQ(translated.code, 0) << translated.err;
  EXPECT_EQ(load_image((out() / "a.png").string()).pixels.type(), CV_8UC3);
}

TEST_F(Colorize, AGreyPhotoCostsALineAndAllGreyOnesTheRun) {
  const cv::Mat grey = grey_of(make_photo(60, 48, 1), CV_8U);
  cv::Mat as_colour;
  cv::cvtColor(grey, as_colour, cv::COLOR_GRAY2RGB);
  save_image((data() / "grey.png").string(), Image{grey, {}});
  save_image((data() / "colourless.png").string(), Image{as_colour, {}});
  const Finished none = train({"--out", run(), "--steps", "1"});
  EXPECT_EQ(none.code, 2) << none.err;
  EXPECT_NE(none.err.find("is grey"), std::string::npos) << none.err;
  make_photo_folder(2);
  const Finished some = train({"--out", run() + "2", "--steps", "1"});
  EXPECT_EQ(some.code, 1) << some.err;
  for (const char* name : {"/grey.png: is grey", "/colourless.png: is grey"}) {
    EXPECT_NE(some.err.find(name), std::string::npos) << some.err;
  }
}

TEST_F(Colorize, ChannelsThatDoNotFitTheInputsAreOneLine) {
  make_photo_folder(2);
  const Finished run = train({"--out", this->run(), "--output-nc", "3"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(lines_of(run.err).size(), 1U) << run.err;
  EXPECT_NE(run.err.find("--output-nc 2"), std::string::npos) << run.err;
  EXPECT_FALSE(fs::exists(this->run()));
  const Finished larger = train({"--out", this->run(), "--scale", "2"});
  EXPECT_EQ(larger.code, 2);
  EXPECT_NE(larger.err.find("--inputs grey: needs --scale 1, found 2"), std::string::npos)
      << larger.err;
}

}  // namespace
}  // namespace solstice::testing
