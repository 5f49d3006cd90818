#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "image/codec.h"
#include "image/exif_block.h"
#include "support/made_metadata.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;

/// The binary on photos as cameras and people leave them.
class Fidelity : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new TemporaryDirectory;
    run_ = make_run(shared_->path() / "run");
  }
  static void TearDownTestSuite() {
    delete shared_;
    shared_ = nullptr;
  }

  void SetUp() override { fs::create_directories(in()); }

  Finished translate(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"translate", "--model",     run_.string(), "--threads",
                                       "1",         in().string(), "--out",       out().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_solstice(arguments);
  }

  /// A photo of 48x40 held upright: stored 40x48 with orientation 6, quality 83, half the chroma.
  void put_camera_photo() const {
    Image stored = make_photo(48, 40, 5);
    cv::rotate(stored.pixels, stored.pixels, cv::ROTATE_90_COUNTERCLOCKWISE);
    const std::string jpeg = encode_image(stored, {ImageFormat::kJpeg, 83, ChromaSampling::k422});
    write_text(in() / "camera.jpg", jpeg_with(jpeg, made_exif(6), made_xmp(6), icc_));
  }

  /// The one result; fails unless it stands upright.
  Image result(const std::string& name) const {
    EXPECT_EQ(read_header(read_text(out() / name)).orientation, 1) << name;
    const Image image = load_image((out() / name).string());
    EXPECT_EQ(image.pixels.size(), cv::Size(48, 40)) << name;
    return image;
  }

  void expect_metadata(const std::string& name) const {
    const ImageMetadata metadata = result(name).metadata;
    EXPECT_EQ(metadata.icc, icc_) << name;
    EXPECT_EQ(metadata.xmp, made_xmp(1)) << name;
    const std::optional<ExifBlock> exif = read_exif(metadata.exif);
    ASSERT_TRUE(exif.has_value()) << name;
    ASSERT_FALSE(exif->image.empty()) << name;
    EXPECT_EQ(exif->image[0].bytes, std::string("Acme\0", 5)) << name;
    const std::string bytes = read_text(out() / name);
    EXPECT_NE(bytes.find("2026:05:17 12:30:00"), std::string::npos) << name;
    EXPECT_EQ(bytes.find(kThumbnail), std::string::npos) << name;
  }

  fs::path in() const { return directory_ / "in"; }
  fs::path out() const { return directory_ / "out"; }

  const std::string icc_ = made_icc("RGB ", 150000);  // of several segments in a JPEG
  TemporaryDirectory directory_;
  static TemporaryDirectory* shared_;
  static fs::path run_;
};
TemporaryDirectory* Fidelity::shared_ = nullptr;
fs::path Fidelity::run_;

TEST_F(Fidelity, AJpegKeepsItsMetadataQualityAndSamplingAndStandsUpright) {
  put_camera_photo();
  const Finished run = translate();
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err.find("warning"), std::string::npos) << run.err;
  expect_metadata("camera.jpg");
  const Image image = result("camera.jpg");
  EXPECT_EQ(image.metadata.jpeg_quality, 83);
  EXPECT_EQ(image.metadata.chroma, ChromaSampling::k422);
}

TEST_F(Fidelity, MetadataGoesIntoOtherFormats) {
  put_camera_photo();
  for (const auto& [format, name] : std::vector<std::pair<std::string, std::string>>{
           {"png", "camera.png"}, {"webp", "camera.webp"}, {"tiff", "camera.tif"}}) {
    const Finished run = translate({"--format", format});
    ASSERT_EQ(run.code, 0) << run.err;
    expect_metadata(name);
  }
  const Finished bmp = translate({"--format", "bmp"});
  EXPECT_EQ(bmp.code, 0);
  EXPECT_NE(bmp.err.find("camera.jpg: its metadata is left out, BMP holds none"), std::string::npos)
      << bmp.err;
}

TEST_F(Fidelity, StripLeavesNoMetadata) {
  put_camera_photo();
  for (const char* format : {"jpeg", "png", "webp", "tiff"}) {
    ASSERT_EQ(translate({"--strip", "--format", format, "--existing", "overwrite"}).code, 0);
  }
  for (const std::string& name : files_below(out())) {
    const ImageMetadata metadata = result(name).metadata;
    EXPECT_EQ(metadata.exif + metadata.xmp + metadata.icc, "") << name;
    EXPECT_EQ(read_text(out() / name).find("Acme"), std::string::npos) << name;
  }
}

TEST_F(Fidelity, QualityAndChromaCanBeAskedFor) {
  put_camera_photo();
  ASSERT_EQ(translate({"--quality", "70", "--chroma", "420"}).code, 0);
  const ImageMetadata metadata = result("camera.jpg").metadata;
  EXPECT_EQ(metadata.jpeg_quality, 70);
  EXPECT_EQ(metadata.chroma, ChromaSampling::k420);
  const Finished wrong = translate({"--chroma", "411"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.err.find("422"), std::string::npos) << wrong.err;
}

TEST_F(Fidelity, APngBecomesAGoodJpeg) {
  save_image((in() / "a.png").string(), make_photo(48, 40, 1));
  ASSERT_EQ(translate({"--format", "jpeg"}).code, 0);
  const ImageMetadata metadata = result("a.jpg").metadata;
  EXPECT_EQ(metadata.jpeg_quality, 95);
  EXPECT_EQ(metadata.chroma, ChromaSampling::k444);
}

TEST_F(Fidelity, ATruncatedJpegIsTakenOnlyWhenAccepted) {
  const std::string whole = encode_image(make_photo(48, 40, 1), {ImageFormat::kJpeg, 95});
  write_text(in() / "cut.jpg", whole.substr(0, whole.size() * 2 / 3));
  const Finished refused = translate();
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(files_below(out()).empty());
  const Finished taken = translate({"--accept-truncated", "--json"});
  EXPECT_EQ(taken.code, 0) << taken.err;
  EXPECT_NE(taken.err.find("cut.jpg: is truncated"), std::string::npos) << taken.err;
  EXPECT_EQ(nlohmann::json::parse(taken.out)["warnings"].size(), 1U) << taken.out;
  result("cut.jpg");
}

TEST_F(Fidelity, ManyWarningsOfAKindAreCounted) {
  const cv::Mat rgba(16, 16, CV_8UC4, cv::Scalar(1, 2, 3, 4));
  for (int i = 0; i < 9; ++i) {
    save_image((in() / (std::to_string(i) + ".png")).string(), {rgba, {}});
  }
  const std::string report = (out().parent_path() / "report.json").string();
  const Finished run = translate({"--format", "jpeg", "--report", report});
  EXPECT_EQ(run.code, 0);
  size_t lines = 0;
  for (const std::string& line : lines_of(run.err)) {
    lines += line.ends_with(".png: its alpha is composed on white") ? 1 : 0;
  }
  EXPECT_EQ(lines, 5U) << run.err;
  EXPECT_NE(run.err.find("4 more files: its alpha is composed on white"), std::string::npos)
      << run.err;
  const auto rows = nlohmann::json::parse(read_text(report))["warnings"];
  EXPECT_EQ(rows.size(), 9U) << "the report has every one";
  EXPECT_EQ(rows.at(8)["input"], (in() / "8.png").string());
  EXPECT_EQ(rows.at(8)["warnings"], nlohmann::json::array({"its alpha is composed on white"}));
}

TEST_F(Fidelity, AnImageOfTooManyPixelsIsRefusedFromItsHeader) {
  save_image((in() / "big.png").string(), make_photo(48, 40, 1));
  save_image((in() / "small.png").string(), make_photo(30, 30, 1));
  const Finished run = translate({"--max-pixels", "1000"});
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.err.find("big.png: has 48x40 pixels, --max-pixels allows 1000"), std::string::npos)
      << run.err;
  EXPECT_EQ(files_below(out()), (std::vector<std::string>{"small.png"}));
}

TEST_F(Fidelity, DepthAndKindOfEveryInputStay) {
  const auto save = [&](const char* name, int type) {
    cv::Mat pixels(20, 24, type);
    cv::randu(pixels, 0, CV_MAT_DEPTH(type) == CV_16U ? 65535 : 255);
    save_image((in() / name).string(), {pixels, {}});
    return type;
  };
  const std::map<std::string, int> types{
      {"grey.png", save("grey.png", CV_8UC1)},    {"grey16.tif", save("grey16.tif", CV_16UC1)},
      {"rgb16.png", save("rgb16.png", CV_16UC3)}, {"rgba16.tif", save("rgba16.tif", CV_16UC4)},
      {"rgba.webp", save("rgba.webp", CV_8UC4)},  {"grey.jpg", save("grey.jpg", CV_8UC1)}};
  const Finished run = translate();
  ASSERT_EQ(run.code, 0) << run.err;
  for (const auto& [name, type] : types) {
    EXPECT_EQ(load_image((out() / name).string()).pixels.type(), type) << name;
  }
}

TEST_F(Fidelity, GreyWithAlphaStaysGreyWithAlpha) {
  for (const auto& [name, type] : {std::pair("la.png", CV_8UC4), {"la16.tif", CV_16UC4}}) {
    Image image{cv::Mat(20, 24, type), {}};
    cv::Mat grey(20, 24, CV_MAKETYPE(CV_MAT_DEPTH(type), 1));
    cv::randu(grey, 0, 255);
    cv::merge(std::vector<cv::Mat>{grey, grey, grey, grey}, image.pixels);
    image.metadata.grey_with_alpha = true;
    save_image((in() / name).string(), image);
  }
  ASSERT_EQ(translate().code, 0);
  for (const char* name : {"la.png", "la16.tif"}) {
    EXPECT_TRUE(load_image((out() / name).string()).metadata.grey_with_alpha) << name;
  }
  ASSERT_EQ(translate({"--alpha", "drop", "--existing", "overwrite"}).code, 0);
  EXPECT_EQ(load_image((out() / "la.png").string()).pixels.type(), CV_8UC1);
  EXPECT_EQ(load_image((out() / "la16.tif").string()).pixels.type(), CV_16UC1);
}

}  // namespace
}  // namespace solstice::testing
