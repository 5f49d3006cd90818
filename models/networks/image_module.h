#pragma once

#include <torch/nn/module.h>

#include <string>
#include <utility>
#include <vector>

namespace solstice {

/// Image in, image (or score map) out: NCHW float, values in [-1, 1] unless a network says
/// otherwise. The names that an ImageModule registers are a file format: they equal those of the
/// Python reference.
struct ImageModule : torch::nn::Module {
  virtual at::Tensor forward(at::Tensor x) = 0;
};

/// Tensors by name, in the order they were registered or stand in a file.
using TensorList = std::vector<std::pair<std::string, at::Tensor>>;

}  // namespace solstice
