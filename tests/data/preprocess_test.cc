#include "data/preprocess.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <set>

#include "image/codec.h"
#include "image/resize.h"
#include "image/tensor_bridge.h"
#include "pictures.h"
#include "support/npy.h"
#include "support/shared_data.h"

namespace solstice {
namespace {

using testing::picture;

DataOptions options_for(Preprocess preprocess, int64_t load = 40, int64_t crop = 32) {
  DataOptions options;
  options.preprocess = preprocess;
  options.load_size = load;
  options.crop_size = crop;
  return options;
}

Geometry geometry_for(Preprocess preprocess, cv::Size source, uint64_t seed = 0) {
  Rng rng({seed});
  return draw_geometry(options_for(preprocess), source, rng);
}

TEST(Preprocess, GivesEachModeItsSizes) {
  const cv::Size source(90, 60);
  EXPECT_EQ(geometry_for(Preprocess::kResizeAndCrop, source).resized, cv::Size(40, 40));
  EXPECT_EQ(geometry_for(Preprocess::kFit, source).resized, cv::Size(60, 40));
  EXPECT_EQ(geometry_for(Preprocess::kFit, {60, 91}).resized, cv::Size(40, 61));
  EXPECT_EQ(geometry_for(Preprocess::kCrop, source).resized, source);
  EXPECT_EQ(geometry_for(Preprocess::kNone, source).resized, cv::Size(88, 60));
  EXPECT_EQ(geometry_for(Preprocess::kScaleWidthAndCrop, {30, 60}).resized, cv::Size(40, 80));
  for (const Preprocess mode : {Preprocess::kResizeAndCrop, Preprocess::kFit,
                                Preprocess::kScaleWidthAndCrop, Preprocess::kCrop}) {
    EXPECT_EQ(geometry_for(mode, source).crop.size(), cv::Size(32, 32));
  }
  EXPECT_EQ(geometry_for(Preprocess::kNone, source).crop, cv::Rect(0, 0, 88, 60));
}

TEST(Preprocess, RoundsToMultiplesOf4AsTheReferenceDoes) {
  // 213 x 150 becomes 212 x 152 there; halves go to the even quotient.
  EXPECT_EQ(geometry_for(Preprocess::kNone, {213, 150}).resized, cv::Size(212, 152));
  EXPECT_EQ(geometry_for(Preprocess::kNone, {146, 1}).resized, cv::Size(144, 4));
}

TEST(Preprocess, ScalesToAWidthAsTheReferenceDoes) {
  // int(load * height / width), but never lower than the crop; nothing is cut off.
  EXPECT_EQ(geometry_for(Preprocess::kScaleWidth, {30, 61}).resized, cv::Size(40, 81));
  EXPECT_EQ(geometry_for(Preprocess::kScaleWidth, {30, 61}).crop, cv::Rect(0, 0, 40, 81));
  EXPECT_EQ(geometry_for(Preprocess::kScaleWidth, {90, 60}).resized, cv::Size(40, 32));
  EXPECT_EQ(geometry_for(Preprocess::kScaleWidth, {40, 32}).resized, cv::Size(40, 32));
}

TEST(Preprocess, EqualsTheReferencesTransforms) {
  SKIP_WITHOUT_SHARED_DATA("parity/o_image_io");
  const auto folder = testing::shared_data() / "parity/o_image_io";
  const cv::Mat source = load_image((folder / "source.png").string()).pixels;
  const auto expect_equal = [&](const char* file, Preprocess mode, int64_t load, int64_t crop) {
    const at::Tensor expected = testing::load_npy(folder / file).permute({2, 0, 1});
    const DataOptions options = options_for(mode, load, crop);
    const at::Tensor ours = preprocess(source, centre_geometry(options, source.size()));
    ASSERT_EQ(ours.sizes(), expected.sizes()) << file;
    const at::Tensor levels = ((ours + 1) * 127.5).round();
    EXPECT_EQ((levels - expected).abs().max().item<float>(), 0) << file;
  };
  expect_equal("scale_width_128_u8_hwc.npy", Preprocess::kScaleWidth, 128, 64);
  expect_equal("resize_96_u8_hwc.npy", Preprocess::kResizeAndCrop, 96, 96);
  expect_equal("none_u8_hwc.npy", Preprocess::kNone, 128, 64);
}

TEST(Preprocess, TakesTheMiddleWhereNothingIsDrawn) {
  const Geometry geometry = centre_geometry(options_for(Preprocess::kFit), {91, 60});
  EXPECT_EQ(geometry.resized, cv::Size(61, 40));
  EXPECT_EQ(geometry.crop, cv::Rect(14, 4, 32, 32));
  EXPECT_FALSE(geometry.flip);
}

TEST(Preprocess, ReachesEveryCropWindowAndBothMirrorings) {
  std::set<int> lefts;
  std::set<int> tops;
  int flips = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const Geometry geometry = geometry_for(Preprocess::kResizeAndCrop, {90, 60}, seed);
    lefts.insert(geometry.crop.x);
    tops.insert(geometry.crop.y);
    flips += geometry.flip ? 1 : 0;
  }
  EXPECT_EQ(lefts.size(), 9u);
  EXPECT_EQ(tops.size(), 9u);
  EXPECT_EQ(*lefts.rbegin(), 8);
  EXPECT_NEAR(flips, 200, 40);
}

TEST(Preprocess, DrawsTheSameNumbersWhateverTheOptionsLeaveOpen) {
  for (const Preprocess mode : {Preprocess::kResizeAndCrop, Preprocess::kNone}) {
    Rng rng({5});
    DataOptions options = options_for(mode);
    options.flip = mode == Preprocess::kNone;
    (void)draw_geometry(options, {90, 60}, rng);
    Rng expected({5});
    for (int i = 0; i < 3; ++i) expected.next();
    EXPECT_EQ(rng.next(), expected.next());
  }
}

TEST(Preprocess, ResizesThenCropsThenMirrors) {
  const cv::Mat pixels = picture(90, 60);
  const Geometry geometry{{40, 40}, {3, 5, 32, 32}, true};
  cv::Mat expected;
  cv::flip(resize_bicubic(pixels, 40, 40)(geometry.crop), expected, 1);
  const at::Tensor result = preprocess(pixels, geometry);
  EXPECT_EQ(result.sizes().vec(), (std::vector<int64_t>{3, 32, 32}));
  EXPECT_TRUE(result.equal(to_tensor(expected)[0]));
}

TEST(Preprocess, GivesRgbWhateverTheChannels) {
  const cv::Mat grey(8, 8, CV_8UC1, cv::Scalar(51));
  const Geometry whole{{8, 8}, {0, 0, 8, 8}, false};
  const at::Tensor from_grey = preprocess(grey, whole);
  EXPECT_EQ(from_grey.sizes().vec(), (std::vector<int64_t>{3, 8, 8}));
  EXPECT_NEAR(from_grey.min().item<float>(), -0.6, 1e-6);
  EXPECT_NEAR(from_grey.max().item<float>(), -0.6, 1e-6);
  const cv::Mat transparent(8, 8, CV_8UC4, cv::Scalar(255, 0, 255, 0));
  const at::Tensor from_rgba = preprocess(transparent, whole);
  EXPECT_EQ(from_rgba.sizes().vec(), (std::vector<int64_t>{3, 8, 8}));
  EXPECT_EQ(from_rgba[0].min().item<float>(), 1) << "the colour stays, the alpha goes";
  EXPECT_EQ(from_rgba[1].max().item<float>(), -1);
}

TEST(Preprocess, KeepsSixteenBitsWhenItOnlyCrops) {
  const cv::Mat pixels(8, 8, CV_16UC3, cv::Scalar::all(300));
  const at::Tensor cropped = preprocess(pixels, {{8, 8}, {0, 0, 4, 4}, false});
  EXPECT_NEAR(cropped[0][0][0].item<float>(), 300 / 32767.5 - 1, 1e-6);
  const at::Tensor resized = preprocess(pixels, {{4, 4}, {0, 0, 4, 4}, false});
  EXPECT_NEAR(resized[0][0][0].item<float>(), 1 / 127.5 - 1, 1e-6) << "300 / 257 in 8 bit is 1";
}

}  // namespace
}  // namespace solstice
