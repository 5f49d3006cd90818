#include "inference/pointwise_plan.h"

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <opencv2/core.hpp>

#include "image/tensor_bridge.h"
#include "models/networks/image_module.h"

namespace solstice {
namespace {

struct Made {
  std::shared_ptr<ImageModule> network;
  LayerGraph graph;
};

Made make_pointwise_network(int64_t ngf, int64_t inputs, int64_t outputs) {
  GeneratorOptions options;
  options.kind = "pointwise";
  options.ngf = ngf;
  options.input_nc = inputs;
  options.output_nc = outputs;
  torch::manual_seed(3);
  Made made{make_generator(options), {}};
  for (at::Tensor& parameter : made.network->parameters()) {
    const at::NoGradGuard no_grad;
    parameter.normal_(0, 0.6);
  }
  made.network->eval();
  made.graph = generator_row(options.kind).graph(state_of(*made.network), options);
  return made;
}

cv::Mat noise(int rows, int columns, int type) {
  cv::Mat pixels(rows, columns, type);
  cv::RNG(7).fill(pixels, cv::RNG::UNIFORM, 0, CV_MAT_DEPTH(type) == CV_8U ? 256 : 65536);
  return pixels;
}

/// At most one level apart, and that in few places.
void expect_same(const cv::Mat& result, const cv::Mat& expected) {
  ASSERT_EQ(result.type(), expected.type());
  ASSERT_EQ(result.size(), expected.size());
  cv::Mat apart;
  cv::absdiff(result, expected, apart);
  apart = apart.reshape(1);
  EXPECT_LE(cv::norm(apart, cv::NORM_INF), 1);
  EXPECT_LE(cv::countNonZero(apart), static_cast<double>(apart.total()) * 0.01);
}

TEST(PointwisePlan, GivesWhatTheNetworkGives) {
  const c10::InferenceMode guard;
  for (const auto& [inputs, outputs] : {std::pair(3, 3), {3, 1}, {1, 3}, {1, 1}}) {
    const Made made = make_pointwise_network(5, inputs, outputs);
    ASSERT_TRUE(PointwisePlan::fits(made.graph));
    for (const int depth : {CV_8U, CV_16U}) {
      const cv::Mat pixels = noise(67, 131, CV_MAKETYPE(depth, inputs));  // blocks that end inside
      const cv::Mat expected = to_pixels(made.network->forward(to_tensor(pixels)), depth);
      ASSERT_GT(cv::norm(expected, cv::NORM_INF), 0);
      expect_same(PointwisePlan(made.graph).run(pixels), expected);
    }
  }
}

TEST(PointwisePlan, ReadsAPartOfAnImage) {
  const c10::InferenceMode guard;
  const PointwisePlan plan(make_pointwise_network(4, 3, 3).graph);
  const cv::Mat pixels = noise(20, 40, CV_8UC3);
  const cv::Rect part(3, 5, 17, 9);
  expect_same(plan.run(pixels(part)), plan.run(pixels)(part).clone());
}

TEST(PointwisePlan, LeavesOtherNetworksToThePlan) {
  EXPECT_FALSE(PointwisePlan::fits(make_pointwise_network(128, 3, 3).graph)) << "many features";
  LayerGraph graph = make_pointwise_network(4, 3, 3).graph;
  graph.back().activation = Activation::kTanh;
  EXPECT_FALSE(PointwisePlan::fits(graph));
  graph = make_pointwise_network(4, 3, 3).graph;
  graph[1].geometry.stride = 2;
  EXPECT_FALSE(PointwisePlan::fits(graph));
  graph = make_pointwise_network(4, 3, 3).graph;
  graph[2].weight.fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_FALSE(PointwisePlan::fits(graph));
}

}  // namespace
}  // namespace solstice
