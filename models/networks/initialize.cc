#include <torch/nn/init.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include "models/networks/image_module.h"
#include "models/networks/networks.h"
#include "models/networks/spectral_conv.h"

namespace nn = torch::nn;

namespace solstice {
namespace {

void draw_weight(const at::Tensor& weight, const InitOptions& options) {
  switch (options.type) {
    case InitType::kNormal:
      nn::init::normal_(weight, 0, options.gain);
      break;
    case InitType::kXavier:
      nn::init::xavier_normal_(weight, options.gain);
      break;
    case InitType::kKaiming:
      nn::init::kaiming_normal_(weight, /*a=*/0, torch::kFanIn);
      break;
    case InitType::kOrthogonal:
      nn::init::orthogonal_(weight, options.gain);
      break;
    case InitType::kDefault:
      break;
  }
}

template <class Layer>
bool initialize_conv(nn::Module& module, const InitOptions& options) {
  auto* layer = dynamic_cast<Layer*>(&module);
  if (layer == nullptr) return false;
  draw_weight(layer->weight, options);
  if (layer->bias.defined()) nn::init::zeros_(layer->bias);
  return true;
}

/// Children first: the order of the reference's draws.
void visit(nn::Module& module, const InitOptions& options) {
  for (const std::shared_ptr<nn::Module>& child : module.children()) visit(*child, options);
  if (initialize_conv<nn::Conv2dImpl>(module, options)) return;
  if (initialize_conv<nn::ConvTranspose2dImpl>(module, options)) return;
  if (initialize_conv<SpectralConv>(module, options)) return;
  if (auto* norm = dynamic_cast<nn::BatchNorm2dImpl*>(&module)) {
    nn::init::normal_(norm->weight, 1, options.gain);
    nn::init::zeros_(norm->bias);
  }
}

}  // namespace

void initialize(ImageModule& network, const InitOptions& options) {
  // Modules are made with LibTorch's own.
  if (options.type != InitType::kDefault) visit(network, options);
}

}  // namespace solstice
