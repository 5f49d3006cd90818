#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

namespace solstice {

/// The distance of two images as a network sees them (Johnson, Alahi, Li 2016): the mean over its
/// outputs of the L1 distance between their features. The network is a TorchScript file of the
/// user's: a program, so only from where you trust it. It is given (N, 3, H, W) in [0, 1], RGB, and
/// returns a tensor or a list or tuple of tensors; normalising its input is its own business. Its
/// weights do not change. Not thread-safe.
class ContentLoss {
 public:
  /// Throws Error(kWeights) naming the file when it cannot be read as TorchScript.
  explicit ContentLoss(const std::string& file);
  ~ContentLoss();

  /// Images in [-1, 1]; a scalar, differentiable in `image` alone. Throws Error(kWeights) when the
  /// network does not take them or returns something else.
  at::Tensor operator()(const at::Tensor& image, const at::Tensor& truth) const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace solstice
