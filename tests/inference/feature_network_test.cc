#include "inference/feature_network.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "core/files.h"
#include "support/expect_error.h"
#include "support/feature_file.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

using testing::error_of;
using testing::fails_with;
using testing::make_feature_file;

class FeatureNetworkFile : public ::testing::Test {
 protected:
  std::string file(const std::string& forward) const {
    make_feature_file(directory_ / "means.pt", forward);
    return (directory_ / "means.pt").string();
  }
  std::vector<float> features(const std::string& forward, const Image& image,
                              FeatureNetworkOptions options = {}) const {
    options.file = file(forward);
    return FeatureNetwork(options, "cpu").features(image);
  }
  testing::TemporaryDirectory directory_;
};

Image flat(int type, const cv::Scalar& colour) { return {cv::Mat(6, 10, type, colour), {}}; }

TEST_F(FeatureNetworkFile, IsRunOnRgbInTheRangeItWants) {
  const std::string means = "return x.mean([2, 3])";
  const Image image = flat(CV_8UC3, {255, 0, 51});
  EXPECT_EQ(features(means, image), (std::vector<float>{1, 0, 0.2F}));
  EXPECT_EQ(features(means, image, {"", 0, FeatureRange::kSigned}),
            (std::vector<float>{1, -1, -0.6F}));
  EXPECT_EQ(features(means, image, {"", 0, FeatureRange::kLevels}),
            (std::vector<float>{255, 0, 51}));
  EXPECT_EQ(FeatureNetwork({file(means), 0, FeatureRange::kUnit}, "cpu").name(), "means");
}

TEST_F(FeatureNetworkFile, SeesGreyAlphaAndSixteenBitsAsEightBitRgb) {
  const std::string means = "return x.mean([2, 3])";
  const FeatureNetworkOptions levels{"", 0, FeatureRange::kLevels};
  EXPECT_EQ(features(means, flat(CV_8UC1, {7}), levels), (std::vector<float>{7, 7, 7}));
  EXPECT_EQ(features(means, flat(CV_8UC4, {1, 2, 3, 99}), levels), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(features(means, flat(CV_16UC3, {257, 514, 300}), levels),
            (std::vector<float>{1, 2, 1}));
}

TEST_F(FeatureNetworkFile, MayWantASquareAndMayGiveAMap) {
  const std::string size = "return torch.ones([1, 2, x.size(2), x.size(3)]) * x.size(3)";
  EXPECT_EQ(features(size, flat(CV_8UC3, {0, 0, 0})), (std::vector<float>{10, 10}));
  EXPECT_EQ(features(size, flat(CV_8UC3, {0, 0, 0}), {"", 4, FeatureRange::kUnit}),
            (std::vector<float>{4, 4}));
}

TEST_F(FeatureNetworkFile, IsAskedForFeaturesWhereItHasTheArgument) {
  make_feature_file(directory_ / "classes.pt",
                    "if return_features:\n    return x.mean([2, 3])\n  return x.sum([2, 3])",
                    "x, return_features: bool = False");
  const FeatureNetwork network({(directory_ / "classes.pt").string(), 0, FeatureRange::kLevels},
                               "cpu");
  EXPECT_EQ(network.features(flat(CV_8UC3, {5, 6, 7})), (std::vector<float>{5, 6, 7}));
}

TEST_F(FeatureNetworkFile, SaysInOneLineWhatIsWrong) {
  const Image image = flat(CV_8UC3, {0, 0, 0});
  EXPECT_TRUE(fails_with("feature network means: gives shape [1, 3, 6], expected (1, D)",
                         [&] { features("return x.mean(3)", image); }));
  EXPECT_TRUE(fails_with("not finite", [&] { features("return x.mean([2, 3]) / 0", image); }));
  const std::string broken = error_of([&] { features("return x.view([7])", image); });
  EXPECT_NE(broken.find("invalid for input of size 180"), std::string::npos) << broken;
  EXPECT_EQ(broken.find('\n'), std::string::npos) << broken;
  write_file_atomically(directory_ / "weights.pth", "no zip");
  const std::string unread = error_of([&] {
    FeatureNetwork({(directory_ / "weights.pth").string(), 0, FeatureRange::kUnit}, "cpu");
  });
  EXPECT_NE(unread.find("cannot be loaded as TorchScript"), std::string::npos) << unread;
  EXPECT_EQ(unread.find("miniz"), std::string::npos) << unread;
  EXPECT_NE(unread.find("zip archive"), std::string::npos) << unread;
  EXPECT_EQ(unread.find("frame #"), std::string::npos) << unread;
  EXPECT_TRUE(fails_with("no such file", [] {
    FeatureNetwork({"/nowhere/net.pt", 0, FeatureRange::kUnit}, "cpu");
  }));
  EXPECT_TRUE(fails_with("need --features FILE", [] { FeatureNetwork({}, "cpu"); }));
}

}  // namespace
}  // namespace solstice
