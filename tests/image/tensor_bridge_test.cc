#include "image/tensor_bridge.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <limits>
#include <opencv2/core.hpp>

#include "image/codec.h"
#include "image/made_images.h"
#include "image/npy.h"
#include "image/resize.h"
#include "support/expect_error.h"
#include "support/shared_data.h"

namespace solstice {
namespace {

using testing::largest_difference;
using testing::made_pixels;

int level_of(double value, int depth) {
  const cv::Mat pixels = to_pixels(at::full({1, 1, 1, 1}, value, at::kFloat), depth);
  return depth == CV_8U ? pixels.at<uint8_t>(0, 0) : pixels.at<uint16_t>(0, 0);
}

TEST(TensorBridge, EqualsTheReferenceBitForBit) {
  SKIP_WITHOUT_SHARED_DATA("parity/o_image_io");
  const std::filesystem::path folder = testing::shared_data() / "parity/o_image_io";
  const Image source = load_image((folder / "source.png").string());
  const at::Tensor tensor = to_tensor(resize_bicubic(source.pixels, 96, 96));
  const std::vector<float> truth = testing::read_npy<float>(folder / "resize_96_tensor.npy");
  ASSERT_EQ(tensor.numel(), static_cast<int64_t>(truth.size()));
  const auto* values = tensor.const_data_ptr<float>();
  for (size_t i = 0; i < truth.size(); ++i) ASSERT_EQ(values[i], truth[i]) << i;
}

TEST(TensorBridge, GivesTheSameValuesInEitherLayoutAndTakesBoth) {
  for (const int type : {CV_8UC1, CV_8UC3, CV_16UC1, CV_16UC3}) {
    const cv::Mat whole = made_pixels(37, 23, type);
    const cv::Mat pixels = whole.rowRange(4, 20);
    const at::Tensor planes = to_tensor(pixels), mixed = to_channels_last(pixels);
    EXPECT_TRUE(at::equal(planes, mixed));
    EXPECT_TRUE(mixed.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_EQ(largest_difference(to_pixels(mixed, pixels.depth()), pixels), 0);
    const at::Tensor cut = mixed.narrow(3, 3, 11);
    EXPECT_EQ(largest_difference(to_pixels(cut, pixels.depth()), pixels.colRange(3, 14)), 0);
  }
}

TEST(TensorBridge, BringsEveryLevelBack) {
  for (const int type : {CV_8UC1, CV_8UC3, CV_16UC1, CV_16UC3}) {
    cv::Mat pixels(256, 256, type);
    for (int i = 0; i < 65536; ++i) {
      const int c = pixels.channels();
      for (int k = 0; k < c; ++k) {
        if (pixels.depth() == CV_8U) {
          pixels.ptr<uint8_t>(i / 256)[i % 256 * c + k] = static_cast<uint8_t>(i + k);
        } else {
          pixels.ptr<uint16_t>(i / 256)[i % 256 * c + k] = static_cast<uint16_t>(i + k);
        }
      }
    }
    EXPECT_EQ(largest_difference(to_pixels(to_tensor(pixels), pixels.depth()), pixels), 0);
  }
}

TEST(TensorBridge, LaysPlanesOutInRgbOrder) {
  cv::Mat pixels(2, 3, CV_8UC3, cv::Scalar(0, 0, 0));
  pixels.at<cv::Vec3b>(1, 2) = cv::Vec3b(255, 51, 0);
  const at::Tensor tensor = to_tensor(pixels);
  EXPECT_EQ(tensor.sizes(), at::IntArrayRef({1, 3, 2, 3}));
  EXPECT_TRUE(tensor.is_contiguous());
  EXPECT_FLOAT_EQ(tensor.const_data_ptr<float>()[5], 1.0F);
  EXPECT_FLOAT_EQ(tensor.const_data_ptr<float>()[11], -0.6F);
  EXPECT_FLOAT_EQ(tensor.const_data_ptr<float>()[17], -1.0F);
}

TEST(TensorBridge, RoundsHalfUpAndClamps) {
  EXPECT_EQ(level_of(0.0, CV_8U), 128);  // 127.5
  EXPECT_EQ(level_of(-0.0001, CV_8U), 127);
  EXPECT_EQ(level_of(1.0, CV_8U), 255);
  EXPECT_EQ(level_of(-1.0, CV_8U), 0);
  EXPECT_EQ(level_of(1.7, CV_8U), 255);
  EXPECT_EQ(level_of(-3.0, CV_8U), 0);
  EXPECT_EQ(level_of(0.0, CV_16U), 32768);  // 32767.5
  EXPECT_EQ(level_of(1.0, CV_16U), 65535);
  EXPECT_EQ(level_of(-1.0, CV_16U), 0);
  EXPECT_EQ(level_of(2.0, CV_16U), 65535);
}

TEST(TensorBridge, MakesNothingOfNaNAndBoundsInfinity) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const int depth : {CV_8U, CV_16U}) {
    EXPECT_EQ(level_of(std::numeric_limits<double>::quiet_NaN(), depth), 0);
    EXPECT_EQ(level_of(-kInfinity, depth), 0);
    EXPECT_EQ(level_of(kInfinity, depth), depth == CV_8U ? 255 : 65535);
  }
}

TEST(TensorBridge, ReadsAnyStridesAndFloatTypes) {
  const cv::Mat pixels = made_pixels(13, 9, CV_8UC3);
  const at::Tensor tensor = to_tensor(pixels);
  EXPECT_EQ(largest_difference(to_pixels(tensor.contiguous(at::MemoryFormat::ChannelsLast), CV_8U),
                               pixels),
            0);
  EXPECT_EQ(largest_difference(to_pixels(tensor.to(at::kDouble), CV_8U), pixels), 0);
  EXPECT_LE(largest_difference(to_pixels(tensor.to(at::kBFloat16), CV_8U), pixels), 1);
  EXPECT_EQ(largest_difference(to_pixels(tensor[0], CV_8U), pixels), 0);
  const at::Tensor part = tensor.slice(2, 2, 7).slice(3, 1, 13);
  EXPECT_EQ(largest_difference(to_pixels(part, CV_8U), pixels(cv::Rect(1, 2, 12, 5))), 0);
}

TEST(TensorBridge, ReadsPartOfALargerPicture) {
  const cv::Mat pixels = made_pixels(20, 20, CV_8UC3);
  const cv::Mat part = pixels(cv::Rect(3, 4, 7, 5));
  EXPECT_EQ(largest_difference(to_pixels(to_tensor(part), CV_8U), part), 0);
}

TEST(TensorBridge, RefusesWhatItCannotConvert) {
  using testing::fails_with;
  EXPECT_TRUE(fails_with("expected 1 or 3", [] { to_tensor(made_pixels(2, 2, CV_8UC4)); }));
  EXPECT_TRUE(fails_with("expected 1 or 3", [] { to_tensor(cv::Mat()); }));
  EXPECT_TRUE(fails_with("one image", [] { to_pixels(at::full({2, 3, 4, 4}, 0.0), CV_8U); }));
  EXPECT_TRUE(fails_with("one image", [] { to_pixels(at::full({1, 2, 4, 4}, 0.0), CV_8U); }));
  EXPECT_TRUE(fails_with("one image", [] { to_pixels(at::full({1, 3, 4, 4}, 0.0), CV_32F); }));
}

}  // namespace
}  // namespace solstice
