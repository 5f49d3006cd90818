#include "models/objectives/gradient_penalty.h"

#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/rand.h>
#include <torch/csrc/autograd/autograd.h>

namespace solstice {
namespace {

/// While it lives, this thread computes a device's operations in their tensors' own type.
class FullPrecision {
 public:
  explicit FullPrecision(at::DeviceType device)
      : device_(device), was_enabled_(at::autocast::is_autocast_enabled(device)) {
    at::autocast::set_autocast_enabled(device_, false);
  }
  ~FullPrecision() { at::autocast::set_autocast_enabled(device_, was_enabled_); }
  FullPrecision(const FullPrecision&) = delete;
  FullPrecision& operator=(const FullPrecision&) = delete;

 private:
  at::DeviceType device_;
  bool was_enabled_;
};

}  // namespace

at::Tensor gradient_penalty(const std::function<at::Tensor(const at::Tensor&)>& critic,
                            const at::Tensor& real, const at::Tensor& fake) {
  const FullPrecision full(real.device().type());
  const at::Tensor from = real.detach().to(at::kFloat);
  const at::Tensor to = fake.detach().to(at::kFloat);
  const at::Tensor share = at::rand({from.size(0), 1, 1, 1}, from.options());
  at::Tensor between = at::lerp(to, from, share);
  between.set_requires_grad(true);
  const at::Tensor score = critic(between);
  const at::Tensor gradient =
      torch::autograd::grad({score}, {between}, {at::ones_like(score)}, /*retain_graph=*/true,
                            /*create_graph=*/true)[0];
  // The reference adds 1e-16 for the same reason: the norm's derivative at 0 is no number.
  const at::Tensor norm = (gradient.flatten(1) + 1e-16).norm(2, 1);
  return (norm - 1).square().mean();
}

}  // namespace solstice
