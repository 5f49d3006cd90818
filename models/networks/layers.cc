#include "models/networks/layers.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/fused_norm.h"
#include "models/networks/matrix_conv.h"

namespace nn = torch::nn;

namespace solstice {
at::Tensor InstanceNorm::forward(at::Tensor x) { return instance_norm_act(x, kNoActivation); }

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
  layers->push_back(std::make_shared<LeanConv2d>(nn::Conv2dOptions(in, out, kernel.size)
                                                     .stride(kernel.stride)
                                                     .padding(kernel.padding)
                                                     .bias(bias)));
}

void push_transposed_conv(nn::Sequential& layers, int64_t in, int64_t out, Kernel kernel,
                          int64_t output_padding, bool bias) {
  layers->push_back(
      std::make_shared<LeanConvTranspose2d>(nn::ConvTranspose2dOptions(in, out, kernel.size)
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
