#include "data/grey_inputs.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "data/pictures.h"
#include "image/lab.h"
#include "image/lab_tensors.h"

namespace solstice {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using testing::TemporaryDirectory;

DataOptions grey_options(const fs::path& data, int64_t crop) {
  DataOptions options = testing::plain_options(data, crop);
  options.inputs = Inputs::kGrey;
  return options;
}

/// Left red, right green, in OpenCV's order.
cv::Mat red_and_green() {
  cv::Mat pixels(8, 8, CV_8UC3, cv::Scalar(0, 0, 255));
  pixels.colRange(4, 8).setTo(cv::Scalar(0, 255, 0));
  return pixels;
}

TEST(GreyInputs, AreLightnessAndTheirTargetsAreColoursOfLab) {
  const TemporaryDirectory directory;
  testing::write_picture(directory / "data/a.png", red_and_green());
  const OpenedDataset opened = testing::open_pairs(grey_options(directory / "data", 8));
  const Sample sample = testing::sample_of(*opened.dataset, 0);
  ASSERT_EQ(sample.input.sizes(), at::IntArrayRef({1, 8, 8}));
  ASSERT_EQ(sample.target.sizes(), at::IntArrayRef({2, 8, 8}));
  // Red is L 53.24, a 80.09, b 67.20; green 87.73, -86.18, 83.18 (Lindbloom).
  EXPECT_NEAR(sample.input[0][3][0].item<float>(), 53.24 / 50 - 1, 1e-3);
  EXPECT_NEAR(sample.target[0][3][0].item<float>(), 80.09 / 110, 1e-3);
  EXPECT_NEAR(sample.target[1][3][0].item<float>(), 67.20 / 110, 1e-3);
  EXPECT_NEAR(sample.input[0][3][7].item<float>(), 87.73 / 50 - 1, 1e-3);
  EXPECT_NEAR(sample.target[0][3][7].item<float>(), -86.18 / 110, 1e-3);
}

TEST(GreyInputs, AreCutAndMirroredWithTheirTargets) {
  const TemporaryDirectory directory;
  testing::write_picture(directory / "data/a.png", testing::picture(24, 20));
  DataOptions options = grey_options(directory / "data", 8);
  options.flip = true;
  const OpenedDataset opened = testing::open_pairs(options);
  const cv::Mat rgb = [] {
    cv::Mat swapped;
    cv::cvtColor(testing::picture(24, 20), swapped, cv::COLOR_BGR2RGB);
    return swapped;
  }();
  const LabTensors whole = to_lab_tensors(rgb);
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const Sample sample = testing::sample_of(*opened.dataset, 0, seed);
    bool found = false;
    for (int y = 0; y <= 12; ++y) {
      for (int x = 0; x <= 16; ++x) {
        const auto part = [&](const at::Tensor& planes, bool mirrored) {
          const at::Tensor crop = planes.narrow(1, y, 8).narrow(2, x, 8);
          return mirrored ? crop.flip(2) : crop;
        };
        for (const bool mirrored : {false, true}) {
          found |= part(whole.lightness, mirrored).equal(sample.input) &&
                   part(whole.ab, mirrored).equal(sample.target);
        }
      }
    }
    EXPECT_TRUE(found) << "seed " << seed;
  }
}

TEST(GreyInputs, ComeBackAsTheirPicture) {
  const cv::Mat pixels = testing::picture(20, 12);
  const LabTensors tensors = to_lab_tensors(pixels);
  EXPECT_EQ(cv::norm(to_pixels(tensors), pixels, cv::NORM_INF), 0);
  const cv::Mat grey = to_pixels(LabTensors{tensors.lightness, {}});
  EXPECT_EQ(grey.type(), CV_8UC3);
  EXPECT_LT(cv::norm(lab_of(grey), cv::NORM_INF), 101);
}

TEST(GreyInputs, PhotosWithoutColourAreRefused) {
  const cv::Mat grey(10, 10, CV_8UC3, cv::Scalar(90, 92, 95));
  for (const cv::Mat& pixels : {grey, cv::Mat(10, 10, CV_8UC1, cv::Scalar(3))}) {
    EXPECT_EQ(error_of(ErrorKind::kInput, [&] { require_colour(pixels, "x.jpg"); }),
              "x.jpg: is grey, and --inputs grey learns from colours");
  }
  cv::Mat sixteen;
  grey.convertTo(sixteen, CV_16U, 257);
  EXPECT_NE(error_of(ErrorKind::kInput, [&] { require_colour(sixteen, "x.png"); }), "no error");
  cv::Mat coloured = grey.clone();
  coloured.at<cv::Vec3b>(2, 2) = {200, 90, 90};
  EXPECT_EQ(error_of(ErrorKind::kInput, [&] { require_colour(coloured, "x.jpg"); }), "no error");
}

}  // namespace
}  // namespace solstice
