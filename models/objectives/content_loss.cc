#include "models/objectives/content_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/l1_loss.h>
#include <torch/csrc/jit/api/module.h>

#include <vector>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/torchscript.h"

namespace solstice {
namespace {

std::vector<at::Tensor> tensors_of(const c10::IValue& value) {
  if (value.isTensor()) return {value.toTensor()};
  if (value.isTensorList()) return value.toTensorVector();
  std::vector<at::Tensor> tensors;
  if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) {
      if (element.isTensor()) tensors.push_back(element.toTensor());
    }
  }
  return tensors;
}

}  // namespace

struct ContentLoss::Network {
  std::string file;
  torch::jit::Module module;

  std::vector<at::Tensor> features(const at::Tensor& image) {
    module.to(image.device());
    std::vector<at::Tensor> found;
    try {
      found = tensors_of(module.forward({(image.to(at::kFloat) + 1) / 2}));
    } catch (const std::exception& error) {
      throw Error(ErrorKind::kWeights,
                  message("--content-network ", file,
                          ": does not take images (N, 3, H, W): ", torchscript_complaint(error)));
    }
    if (!found.empty()) return found;
    throw Error(ErrorKind::kWeights, message("--content-network ", file,
                                             ": returns no tensors, but features were expected"));
  }
};

ContentLoss::ContentLoss(const std::string& file)
    : network_(
          std::make_unique<Network>(Network{file, load_torchscript("--content-network", file)})) {
  for (const at::Tensor& weight : network_->module.parameters()) weight.set_requires_grad(false);
}

ContentLoss::~ContentLoss() = default;

at::Tensor ContentLoss::operator()(const at::Tensor& image, const at::Tensor& truth) const {
  std::vector<at::Tensor> wanted;
  {
    const at::NoGradGuard no_grad;
    wanted = network_->features(truth);
  }
  const std::vector<at::Tensor> found = network_->features(image);
  at::Tensor sum;
  for (size_t i = 0; i < found.size(); ++i) {
    const at::Tensor distance = at::l1_loss(found[i], wanted[i]);
    sum = sum.defined() ? sum + distance : distance;
  }
  return sum / static_cast<double>(found.size());
}

}  // namespace solstice
