#include "models/networks/layers.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_unsafe_view.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/group_norm.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "core/error.h"
#include "core/message.h"

namespace nn = torch::nn;

namespace solstice {
namespace {
constexpr double kNormEps = 1e-5;
constexpr double kLeakySlope = 0.2;
}  // namespace

at::Tensor InstanceNorm::forward(at::Tensor x) {
  const bool channels_last = x.suggest_memory_format() == at::MemoryFormat::ChannelsLast;
  if (channels_last && !at::GradMode::is_enabled()) {
    // One group a channel is the same arithmetic, and keeps the layout. Its backward is slow.
    return at::group_norm(x, x.size(1), {}, {}, kNormEps);
  }
  // at::instance_norm does the same but returns a view, and an activation that then works in place
  // on a view costs two more copies in backward.
  const at::Tensor folded = x.reshape({1, x.size(0) * x.size(1), x.size(2), x.size(3)});
  return at::_unsafe_view(at::batch_norm(folded, {}, {}, {}, {}, /*training=*/true, /*momentum=*/0,
                                         kNormEps, /*cudnn_enabled=*/true),
                          x.sizes());
}

void push_norm(nn::Sequential& layers, Norm norm, int64_t channels) {
  switch (norm) {
    case Norm::kBatch:
      layers->push_back(nn::BatchNorm2d(nn::BatchNormOptions(channels).eps(kNormEps)));
      break;
    case Norm::kInstance:
      layers->push_back(std::make_shared<InstanceNorm>());
      break;
    case Norm::kNone:
      layers->push_back(nn::Identity());
      break;
  }
}

void push_conv(nn::Sequential& layers, int64_t in, int64_t out, Kernel kernel, bool bias) {
  layers->push_back(nn::Conv2d(nn::Conv2dOptions(in, out, kernel.size)
                                   .stride(kernel.stride)
                                   .padding(kernel.padding)
                                   .bias(bias)));
}

void push_transposed_conv(nn::Sequential& layers, int64_t in, int64_t out, Kernel kernel,
                          int64_t output_padding, bool bias) {
  layers->push_back(nn::ConvTranspose2d(nn::ConvTranspose2dOptions(in, out, kernel.size)
                                            .stride(kernel.stride)
                                            .padding(kernel.padding)
                                            .output_padding(output_padding)
                                            .bias(bias)));
}

void push_relu(nn::Sequential& layers) {
  layers->push_back(nn::ReLU(nn::ReLUOptions().inplace(true)));
}

void push_leaky_relu(nn::Sequential& layers) {
  layers->push_back(
      nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(kLeakySlope).inplace(true)));
}

void check_image(const at::Tensor& x, const std::string& network, const ImageLimits& limits) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kInput, message("[", network, "] input ", what));
  };
  if (x.dim() != 4) fail(message("has ", x.dim(), " dimensions, expected (N, C, H, W)"));
  if (x.size(1) != limits.channels) {
    fail(message("has ", x.size(1), " channels, expected ", limits.channels));
  }
  for (const int64_t side : {x.size(2), x.size(3)}) {
    if (side % limits.multiple != 0) {
      fail(message("side ", side, " is not a multiple of ", limits.multiple));
    }
    if (side < limits.smallest) {
      fail(message("side ", side, " is too small, at least ", limits.smallest, " is needed"));
    }
  }
}

}  // namespace solstice
