#include "inference/pointwise_plan.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/isfinite.h>

#include <opencv2/core.hpp>

#include "models/networks/cpu_kernels.h"

namespace solstice {
namespace {

/// With more the products of matrices are faster.
constexpr int64_t kMostFeatures = 64;

bool is_point(const LayerNode& node, size_t input, Activation activation) {
  return node.inputs == std::vector<size_t>{input} && node.kernel() == 1 &&
         node.geometry.direction == Direction::kForward && node.geometry.stride == 1 &&
         node.geometry.padding == 0 && node.activation == activation && !node.normalises &&
         !node.rectifies_inputs && node.residuals.empty() && node.shuffle == 1;
}

bool is_finite(const LayerNode& node) {
  return at::isfinite(node.weight).all().item<bool>() && at::isfinite(node.bias).all().item<bool>();
}

bool is_colour(int64_t channels) { return channels == 1 || channels == 3; }

/// What PointwiseLayers wants of a network whose values are level * 2 / most - 1.
std::vector<float> numbers_for(const LayerGraph& graph, float most) {
  const auto floats = [](const at::Tensor& tensor) {
    return tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  };
  const at::Tensor first = floats(graph[1].weight), last = floats(graph[2].weight);
  const at::Tensor first_bias = floats(graph[1].bias), last_bias = floats(graph[2].bias);
  const auto number = [](const at::Tensor& tensor, int64_t at) {
    return tensor.const_data_ptr<float>()[at];
  };
  const int64_t inputs = first.size(1), features = first.size(0), outputs = last.size(0);
  std::vector<float> numbers;
  for (int64_t o = 0; o < outputs; ++o) {
    numbers.push_back((number(last_bias, o) + 1) * most / 2 + 0.5F);
  }
  for (int64_t i = 0; i < features; ++i) {
    float bias = number(first_bias, i);
    for (int64_t c = 0; c < inputs; ++c) bias -= number(first, i * inputs + c);
    numbers.push_back(bias);
    for (int64_t c = 0; c < inputs; ++c) {
      numbers.push_back(number(first, i * inputs + c) * 2 / most);
    }
    for (int64_t o = 0; o < outputs; ++o) {
      numbers.push_back(number(last, o * features + i) * most / 2);
    }
  }
  return numbers;
}

template <class Level>
cv::Mat graded(const cv::Mat& pixels, const PointwiseLayers& layers, Grade<Level> grade) {
  cv::Mat result(pixels.size(), CV_MAKETYPE(pixels.depth(), static_cast<int>(layers.outputs)));
  for (int y = 0; y < pixels.rows; ++y) {
    grade(layers, pixels.ptr<Level>(y), pixels.cols, result.ptr<Level>(y));
  }
  return result;
}

}  // namespace

bool PointwisePlan::fits(const LayerGraph& graph) {
  return graph.size() == 3 && is_point(graph[1], 0, Activation::kRelu) &&
         is_point(graph[2], 1, Activation::kNone) && is_colour(graph[1].weight.size(1)) &&
         is_colour(graph[2].out_channels()) && graph[1].out_channels() <= kMostFeatures &&
         is_finite(graph[1]) && is_finite(graph[2]);
}

PointwisePlan::PointwisePlan(const LayerGraph& graph)
    : inputs_(graph[1].weight.size(1)),
      features_(graph[1].out_channels()),
      outputs_(graph[2].out_channels()),
      of_8_bit_(numbers_for(graph, 255)),
      of_16_bit_(numbers_for(graph, 65535)) {}

cv::Mat PointwisePlan::run(const cv::Mat& pixels) const {
  const bool is_8_bit = pixels.depth() == CV_8U;
  const PointwiseLayers layers{inputs_, features_, outputs_,
                               (is_8_bit ? of_8_bit_ : of_16_bit_).data()};
  return is_8_bit ? graded<uint8_t>(pixels, layers, cpu_kernels().grade_8_bit)
                  : graded<uint16_t>(pixels, layers, cpu_kernels().grade_16_bit);
}

}  // namespace solstice
