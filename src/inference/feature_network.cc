#include "inference/feature_network.h"

#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <cmath>
#include <filesystem>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/message.h"
#include "image/resize.h"
#include "inference/device.h"
#include "models/networks/torchscript.h"

namespace solstice {
namespace {

bool has_argument(const torch::jit::Module& module, const std::string& name) {
  for (const auto& argument : module.get_method("forward").function().getSchema().arguments()) {
    if (argument.name() == name) return true;
  }
  return false;
}

/// 8-bit RGB, squashed to a square where `side` says so.
cv::Mat network_levels(const cv::Mat& pixels, int side) {
  cv::Mat levels = pixels;
  if (levels.depth() == CV_16U) levels.convertTo(levels, CV_8U, 1 / 257.0);
  if (levels.channels() == 1) cv::cvtColor(levels, levels, cv::COLOR_GRAY2RGB);
  if (levels.channels() == 4) cv::cvtColor(levels, levels, cv::COLOR_RGBA2RGB);
  if (side > 0) levels = resize_bicubic(levels, side, side);
  return levels.isContinuous() ? levels : levels.clone();
}

at::Tensor network_input(cv::Mat levels, FeatureRange range) {
  const at::Tensor values = at::from_blob(levels.data, {1, levels.rows, levels.cols, 3}, at::kByte)
                                .permute({0, 3, 1, 2})
                                .to(at::kFloat, false, true, at::MemoryFormat::Contiguous);
  if (range == FeatureRange::kUnit) return values / 255;
  return range == FeatureRange::kSigned ? values / 127.5 - 1 : values;
}

}  // namespace

struct FeatureNetwork::State {
  FeatureNetworkOptions options;
  at::Device device;
  mutable torch::jit::Module module;
  std::unordered_map<std::string, c10::IValue> extra;

  at::Tensor run(const Image& image) const;
};

at::Tensor FeatureNetwork::State::run(const Image& image) const {
  const c10::InferenceMode no_gradients;
  const torch::jit::GraphOptimizerEnabledGuard as_written(false);
  const at::Tensor input =
      network_input(network_levels(image.pixels, static_cast<int>(options.side)), options.range);
  const c10::IValue output = module.forward({input.to(device)}, extra);
  if (!output.isTensor()) throw Error(ErrorKind::kRun, "gives no tensor");
  at::Tensor features = output.toTensor();
  if (features.dim() == 4) features = features.mean({2, 3});
  if (features.dim() != 2 || features.size(0) != 1 || features.size(1) == 0) {
    throw Error(ErrorKind::kRun, message("gives shape ", output.toTensor().sizes(),
                                         ", expected (1, D) or (1, D, h, w)"));
  }
  return features.to(at::kCPU, at::kFloat).contiguous();
}

FeatureNetwork::FeatureNetwork(const FeatureNetworkOptions& options, const std::string& device) {
  if (options.file.empty()) {
    throw Error(ErrorKind::kUsage,
                "kid and fid need --features FILE: the TorchScript file of a feature network");
  }
  const at::Device opened(open_device(device));
  state_ = std::make_unique<State>(
      State{options, opened, load_torchscript("--features", options.file, opened), {}});
  if (has_argument(state_->module, "return_features")) state_->extra["return_features"] = true;
}

FeatureNetwork::~FeatureNetwork() = default;
FeatureNetwork::FeatureNetwork(FeatureNetwork&&) noexcept = default;

std::string FeatureNetwork::name() const {
  return std::filesystem::path(state_->options.file).stem().string();
}

std::vector<float> FeatureNetwork::features(const Image& image) const try {
  const at::Tensor computed = state_->run(image);
  const auto* begin = computed.const_data_ptr<float>();
  std::vector<float> numbers(begin, begin + computed.numel());
  for (const float number : numbers) {
    if (!std::isfinite(number)) throw Error(ErrorKind::kRun, "gives numbers that are not finite");
  }
  return numbers;
} catch (const std::bad_alloc&) {
  throw Error(ErrorKind::kDevice, "not enough memory");
} catch (const std::exception& error) {
  throw Error(ErrorKind::kRun,
              message("feature network ", name(), ": ", torchscript_complaint(error)));
}

}  // namespace solstice
