#include "training/generator_average.h"

#include <ATen/ATen.h>

#include <map>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/image_module.h"

namespace solstice {

GeneratorAverage::GeneratorAverage(Trainer& trainer, double decay) : decay_(decay) {
  for (const auto& exported : trainer.exported()) {
    for (const NamedNetwork& named : trainer.networks()) {
      if (named.name != exported.first) continue;
      for (auto& [name, tensor] : state_of(*named.network)) {
        names_.push_back(named.name + "." + name);
        averages_.push_back(tensor.detach().clone());
        weights_.push_back(std::move(tensor));
      }
    }
  }
}

void GeneratorAverage::update(const at::Tensor& undone) {
  const at::NoGradGuard no_grad;
  const at::Tensor share = (-undone + 1) * (1 - decay_);
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i].requires_grad()) {
      averages_[i].lerp_(weights_[i], share);
    } else {
      averages_[i].copy_(weights_[i]);
    }
  }
}

void GeneratorAverage::swap() {
  for (size_t i = 0; i < weights_.size(); ++i) {
    const at::Tensor weight = weights_[i].detach();
    weights_[i].set_data(averages_[i]);
    averages_[i] = weight;
  }
}

TensorList GeneratorAverage::state() const {
  TensorList tensors;
  for (size_t i = 0; i < names_.size(); ++i) tensors.emplace_back(names_[i], averages_[i]);
  return tensors;
}

void GeneratorAverage::load_state(const TensorList& tensors, const std::string& label) {
  const std::map<std::string, at::Tensor> given(tensors.begin(), tensors.end());
  for (size_t i = 0; i < names_.size(); ++i) {
    const auto found = given.find(names_[i]);
    if (found == given.end() || found->second.sizes() != averages_[i].sizes()) {
      throw Error(
          ErrorKind::kWeights,
          message(label, ": ", names_[i], found == given.end() ? " is missing" : " does not fit",
                  "; the checkpoint is of another network"));
    }
    averages_[i].copy_(found->second);
  }
}

}  // namespace solstice
