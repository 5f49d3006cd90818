#include "models/trainers/step_guard.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_update_scale.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "models/networks/image_module.h"
#include "models/trainers/adam.h"
#include "models/trainers/undo.h"

namespace solstice {
namespace {

/// The values of torch.amp.GradScaler.
constexpr double kFirstScale = 65536;
constexpr double kGrowth = 2;
constexpr double kBackoff = 0.5;
constexpr int64_t kGrowthInterval = 2000;

/// 1 when any value of `tensor` is no finite number, else 0; a float scalar on its device.
at::Tensor is_bad(const at::Tensor& tensor) {
  return at::isfinite(tensor.detach()).logical_not().any().to(at::kFloat);
}

}  // namespace

void StepGuard::begin(const std::vector<std::shared_ptr<ImageModule>>& networks, int64_t parts) {
  parts_ = parts;
  checked_.clear();
  early_.clear();
  buffers_.clear();
  const at::Device device = networks.front()->parameters().front().device();
  undone_ = at::zeros({}, at::TensorOptions(device).dtype(at::kFloat));
  if (scales() && !scale_.defined()) {
    scale_ = at::full({}, kFirstScale, undone_.options());
    growth_ = at::zeros({}, undone_.options().dtype(at::kInt));
  }
  if (scales()) {
    scale_ = scale_.to(device);
    growth_ = growth_.to(device);
  }
  for (const auto& network : networks) {
    for (const at::Tensor& buffer : network->buffers()) {
      buffers_.emplace_back(buffer, buffer.clone());
    }
  }
}

void StepGuard::backward(const at::Tensor& loss) {
  undone_ = at::maximum(undone_, is_bad(loss));
  at::Tensor scaled = loss;
  if (parts_ > 1) scaled = scaled / static_cast<double>(parts_);
  if (scales()) scaled = scaled * scale_;
  scaled.backward();
}

void StepGuard::check(const std::string& name, const Adam& adam) {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> gradients = adam.gradients();
  at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
  at::Tensor divisor;
  if (scales()) {
    norm = norm / scale_;
    divisor = scale_;
  }
  undone_ = at::maximum(undone_, is_bad(norm));
  if (options_.clip_norm > 0) {
    const at::Tensor excess = (norm / options_.clip_norm).clamp_min(1);
    divisor = divisor.defined() ? divisor * excess : excess;
  }
  checked_.push_back({name, &adam, norm, divisor});
}

const at::Tensor* StepGuard::divisor_of(const Adam& adam) const {
  for (const Checked& checked : checked_) {
    if (checked.adam == &adam && checked.divisor.defined()) return &checked.divisor;
  }
  return nullptr;
}

void StepGuard::apply(Adam& adam) { adam.step(undone_, divisor_of(adam)); }

void StepGuard::apply_early(Adam& adam) {
  adam.remember();
  early_.push_back(&adam);
  apply(adam);
}

StepGuard::Outcome StepGuard::finish() {
  const at::NoGradGuard no_grad;
  for (Adam* adam : early_) adam->take_back(undone_);
  for (auto& [now, before] : buffers_) take_back(undone_, before, now);
  buffers_.clear();
  Outcome outcome{undone_, undone_, {}};
  for (Checked& checked : checked_) {
    outcome.gradient_norms.emplace_back(checked.name, checked.norm);
  }
  if (scales()) {
    outcome.trouble = undone_ * (scale_ <= 1).to(at::kFloat);
    at::_amp_update_scale_(scale_, growth_, undone_, kGrowth, kBackoff, kGrowthInterval);
  }
  return outcome;
}

TensorList StepGuard::state() const {
  if (!scale_.defined()) return {};
  return {{"loss_scale", scale_}, {"loss_scale_growth", growth_}};
}

void StepGuard::load_state(const TensorList& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (name == "loss_scale") scale_ = tensor.clone();
    if (name == "loss_scale_growth") growth_ = tensor.clone();
  }
}

}  // namespace solstice
