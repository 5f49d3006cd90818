#include "image/tensor_bridge.h"

#include <ATen/ops/empty.h>

#include <array>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

/// The 256 values that 8-bit levels become, computed in the reference's own order of operations,
/// so that equal pixels give equal bits.
const std::array<float, 256>& values_of_levels() {
  static const std::array<float, 256> values = [] {
    std::array<float, 256> made{};
    for (size_t level = 0; level < made.size(); ++level) {
      made[level] = (static_cast<float>(level) / 255.0F - 0.5F) / 0.5F;
    }
    return made;
  }();
  return values;
}

float value_of(uint8_t level) { return values_of_levels()[level]; }
float value_of(uint16_t level) { return static_cast<float>(level) / 32767.5F - 1.0F; }

template <class Level>
Level level_of(float value) {
  constexpr float kMost = std::numeric_limits<Level>::max();
  const float level = (value + 1.0F) * (kMost / 2) + 0.5F;  // truncated below: half goes up
  // A NaN fails both comparisons.
  return static_cast<Level>(level > 0.0F ? (level < kMost ? level : kMost) : 0.0F);
}

template <class Level, int kChannels>
void spread(const cv::Mat& pixels, float* planes) {
  const auto plane = static_cast<ptrdiff_t>(pixels.total());
  for (int y = 0; y < pixels.rows; ++y) {
    const Level* row = pixels.ptr<Level>(y);
    float* out = planes + static_cast<ptrdiff_t>(y) * pixels.cols;
    for (int c = 0; c < kChannels; ++c) {
      for (int x = 0; x < pixels.cols; ++x) out[c * plane + x] = value_of(row[x * kChannels + c]);
    }
  }
}

/// All values of the pixels as they lie in memory.
template <class Level>
void spread_in_place(const cv::Mat& pixels, float* values) {
  const ptrdiff_t row = static_cast<ptrdiff_t>(pixels.cols) * pixels.channels();
  for (int y = 0; y < pixels.rows; ++y, values += row) {
    const Level* in = pixels.ptr<Level>(y);
    for (ptrdiff_t i = 0; i < row; ++i) values[i] = value_of(in[i]);
  }
}

/// A (C, H, W) float tensor by its strides, so that NCHW and channels_last need no copy.
struct Planes {
  const float* data;
  ptrdiff_t channel;
  ptrdiff_t row;
  ptrdiff_t column;
};

template <class Level, int kChannels>
void gather(const Planes& in, cv::Mat& pixels) {
  for (int y = 0; y < pixels.rows; ++y) {
    const float* row = in.data + y * in.row;
    Level* out = pixels.ptr<Level>(y);
    if (in.channel == 1 && in.column == kChannels) {
      const int count = pixels.cols * kChannels;
      for (int i = 0; i < count; ++i) out[i] = level_of<Level>(row[i]);
      continue;
    }
    for (int x = 0; x < pixels.cols; ++x) {
      for (int c = 0; c < kChannels; ++c) {
        out[x * kChannels + c] = level_of<Level>(row[c * in.channel + x * in.column]);
      }
    }
  }
}

void check_pixels(const cv::Mat& pixels) {
  const int channels = pixels.channels();
  const bool known_depth = pixels.depth() == CV_8U || pixels.depth() == CV_16U;
  if (!known_depth || pixels.empty() || (channels != 1 && channels != 3)) {
    throw Error(ErrorKind::kRun, message("an image of ", channels, " channels of OpenCV depth ",
                                         pixels.depth(), ", expected 1 or 3 of 8 or 16 bit"));
  }
}

}  // namespace

at::Tensor to_channels_last(const cv::Mat& pixels) {
  check_pixels(pixels);
  at::Tensor tensor = at::empty({1, pixels.channels(), pixels.rows, pixels.cols}, at::kFloat,
                                at::MemoryFormat::ChannelsLast);
  auto* values = tensor.mutable_data_ptr<float>();
  pixels.depth() == CV_8U ? spread_in_place<uint8_t>(pixels, values)
                          : spread_in_place<uint16_t>(pixels, values);
  return tensor;
}

at::Tensor to_tensor(const cv::Mat& pixels) {
  check_pixels(pixels);
  const int channels = pixels.channels();
  at::Tensor tensor = at::empty({1, channels, pixels.rows, pixels.cols}, at::kFloat);
  auto* planes = tensor.mutable_data_ptr<float>();
  if (pixels.depth() == CV_8U) {
    channels == 1 ? spread<uint8_t, 1>(pixels, planes) : spread<uint8_t, 3>(pixels, planes);
  } else {
    channels == 1 ? spread<uint16_t, 1>(pixels, planes) : spread<uint16_t, 3>(pixels, planes);
  }
  return tensor;
}

cv::Mat to_pixels(const at::Tensor& image, int depth) {
  const bool batched = image.dim() == 4 && image.size(0) == 1;
  const int64_t channels = image.dim() >= 3 ? image.size(-3) : 0;
  if ((!batched && image.dim() != 3) || (channels != 1 && channels != 3) ||
      (depth != CV_8U && depth != CV_16U)) {
    throw Error(ErrorKind::kRun, message("a tensor of shape ", image.sizes(), " for OpenCV depth ",
                                         depth, ", expected one image of 1 or 3 channels"));
  }
  const at::Tensor floats = image.detach().to(at::kCPU, at::kFloat);
  const Planes planes{floats.const_data_ptr<float>(), floats.stride(-3), floats.stride(-2),
                      floats.stride(-1)};
  cv::Mat pixels(static_cast<int>(floats.size(-2)), static_cast<int>(floats.size(-1)),
                 CV_MAKETYPE(depth, static_cast<int>(channels)));
  if (depth == CV_8U) {
    channels == 1 ? gather<uint8_t, 1>(planes, pixels) : gather<uint8_t, 3>(planes, pixels);
  } else {
    channels == 1 ? gather<uint16_t, 1>(planes, pixels) : gather<uint16_t, 3>(planes, pixels);
  }
  return pixels;
}

}  // namespace solstice
