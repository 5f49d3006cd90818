#include "inference/pointwise_plan.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>

#include "models/networks/cpu_kernels.h"

namespace solstice {
namespace {

/// Pixels whose planes stay in the nearest caches; a multiple of the widest vector.
constexpr int kBlock = 4096;
/// With more the products of matrices are faster.
constexpr int64_t kMostFeatures = 64;

bool is_point(const LayerNode& node, size_t input, Activation activation) {
  return node.inputs == std::vector<size_t>{input} && node.kernel() == 1 &&
         node.geometry.direction == Direction::kForward && node.geometry.stride == 1 &&
         node.geometry.padding == 0 && node.activation == activation && !node.normalises &&
         !node.rectifies_inputs && node.residuals.empty() && node.shuffle == 1;
}

bool is_colour(int64_t channels) { return channels == 1 || channels == 3; }

template <class Level>
cv::Mat graded(const cv::Mat& pixels, const PointwiseLayers& layers, Grade<Level> grade) {
  const int type = cv::traits::Type<Level>::value;
  cv::Mat result(pixels.size(), CV_MAKETYPE(type, static_cast<int>(layers.outputs)));
  // Rows that lie behind each other are one long row.
  const bool joined = pixels.isContinuous() && result.isContinuous();
  const cv::Mat from = joined ? pixels.reshape(0, 1) : pixels;
  cv::Mat to = joined ? result.reshape(0, 1) : result;
  std::vector<Level> levels(size_t{3} * kBlock);
  std::array<Level*, 3> planes{};
  for (size_t c = 0; c < planes.size(); ++c) planes[c] = levels.data() + c * kBlock;
  for (int y = 0; y < from.rows; ++y) {
    for (int x = 0; x < from.cols; x += kBlock) {
      const cv::Range columns(x, std::min(x + kBlock, from.cols));
      std::array<cv::Mat, 3> channels;
      for (size_t c = 0; c < channels.size(); ++c) {
        channels[c] = cv::Mat(1, columns.size(), type, planes[c]);
      }
      cv::split(from.row(y).colRange(columns), channels.data());
      grade(layers, planes.data(), columns.size(), planes.data());
      cv::Mat place = to.row(y).colRange(columns);
      cv::merge(channels.data(), static_cast<size_t>(layers.outputs), place);
    }
  }
  return result;
}

}  // namespace

bool PointwisePlan::fits(const LayerGraph& graph) {
  return graph.size() == 3 && is_point(graph[1], 0, Activation::kRelu) &&
         is_point(graph[2], 1, Activation::kNone) && is_colour(graph[1].weight.size(1)) &&
         is_colour(graph[2].out_channels()) && graph[1].out_channels() <= kMostFeatures;
}

PointwisePlan::PointwisePlan(const LayerGraph& graph)
    : inputs_(graph[1].weight.size(1)),
      features_(graph[1].out_channels()),
      outputs_(graph[2].out_channels()) {
  const auto floats = [](const at::Tensor& tensor) {
    return tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  };
  const at::Tensor first = floats(graph[1].weight), last = floats(graph[2].weight);
  const at::Tensor first_bias = floats(graph[1].bias), last_bias = floats(graph[2].bias);
  const auto add = [&](const at::Tensor& tensor, int64_t at) {
    numbers_.push_back(tensor.const_data_ptr<float>()[at]);
  };
  for (int64_t o = 0; o < outputs_; ++o) add(last_bias, o);
  for (int64_t i = 0; i < features_; ++i) {
    add(first_bias, i);
    for (int64_t c = 0; c < inputs_; ++c) add(first, i * inputs_ + c);
    for (int64_t o = 0; o < outputs_; ++o) add(last, o * features_ + i);
  }
}

cv::Mat PointwisePlan::run(const cv::Mat& pixels) const {
  const PointwiseLayers layers{inputs_, features_, outputs_, numbers_.data()};
  return pixels.depth() == CV_8U ? graded<uint8_t>(pixels, layers, cpu_kernels().grade_8_bit)
                                 : graded<uint16_t>(pixels, layers, cpu_kernels().grade_16_bit);
}

}  // namespace solstice
