// Networks of others, from their files to pictures.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "image/codec.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/shared_data.h"
#include "support/temporary_directory.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;

/// Small files of published networks' shapes, which make_published.py wrote.
fs::path published(const std::string& name) {
  return fs::path(SOLSTICE_SOURCE_DIR) / "tests/models/golden" / (name + ".pth");
}

class Published : public ::testing::Test {
 protected:
  fs::path data() const { return directory_ / "photos"; }

  TemporaryDirectory directory_;
};

TEST_F(Published, TheCompactNetworkRuns) {
  const fs::path weights = shared_data() / "weights/realesr-animevideov3.pth";
  SKIP_WITHOUT_SHARED_DATA("weights/realesr-animevideov3.pth");
  make_photos(data(), 1, 37, 21);
  const std::string out = (directory_ / "out").string();
  const Finished done = run_solstice(
      {"translate", "--model", weights.string(), data().string(), "--out", out, "--format", "png"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.err.find("compact_16convs (ngf 64"), std::string::npos) << done.err;
  const Image made = load_image(out + "/000.png");
  EXPECT_EQ(made.width(), 4 * 37);
  EXPECT_EQ(made.height(), 4 * 21);
  // Still the same picture.
  const Image photo = load_image((data() / "000.jpg").string());
  cv::Mat back;
  cv::resize(made.pixels, back, photo.pixels.size(), 0, 0, cv::INTER_AREA);
  EXPECT_LT(cv::norm(back, photo.pixels, cv::NORM_L1) / static_cast<double>(3 * back.total()), 12);
}

TEST_F(Published, NetworksRunOnImagesOfAnySizeInStripsToo) {
  make_photos(data(), 1, 37, 91);
  for (const auto& [name, scale] :
       {std::pair("rrdb_x4", 4), {"rrdb_x2", 2}, {"rrdb_x1", 1}, {"edsr_basicsr_x2", 2}}) {
    const auto translated = [&](const std::string& tile) {
      const std::string out = (directory_ / (name + tile)).string();
      const Finished done =
          run_solstice({"translate", "--model", published(name).string(), data().string(), "--out",
                        out, "--format", "png", "--tile", tile});
      EXPECT_EQ(done.code, 0) << done.err;
      return load_image(out + "/000.png").pixels;
    };
    const cv::Mat whole = translated("off");
    EXPECT_EQ(whole.size(), cv::Size(37 * scale, 91 * scale)) << name;
    EXPECT_LE(cv::norm(whole, translated("32"), cv::NORM_INF), 1) << name;
    EXPECT_LE(cv::norm(whole, translated("auto"), cv::NORM_INF), 1) << name;
  }
}

TEST_F(Published, FilesAreWhatInspectSays) {
  const Finished done = run_solstice({"inspect", "--json", published("edsr_basicsr_x2").string()});
  ASSERT_EQ(done.code, 0) << done.err;
  const auto object = nlohmann::json::parse(lines_of(done.out).front());
  EXPECT_EQ(object["kind"], "edsr_2blocks");
  EXPECT_EQ(object["scale"], 2);
  EXPECT_EQ(object["notes"][0], "took \"params\"");
  EXPECT_EQ(object["notes"][1], "took the names of BasicSR's EDSR for ours");
}

TEST_F(Published, AMisshapenFileIsOneLine) {
  make_photos(data(), 1, 16, 16);
  const std::string file = (directory_ / "bad.safetensors").string();
  ASSERT_EQ(run_solstice({"convert", published("rrdb_x4").string(), file}).code, 0);
  std::string bytes = read_text(file);
  for (size_t at = bytes.find("conv_up2"); at != std::string::npos; at = bytes.find("conv_up2")) {
    bytes.replace(at, 8, "conv_up3");
  }
  write_text(file, bytes);
  const Finished done = run_solstice(
      {"translate", "--model", file, data().string(), "--out", (directory_ / "out").string()});
  EXPECT_EQ(done.code, 2);
  EXPECT_EQ(done.err, "error: " + file +
                          ": this looks like a rrdb_2blocks generator, but conv_up2.weight is "
                          "missing, expected (4, 4, 3, 3)\n");
}

}  // namespace
}  // namespace solstice::testing
