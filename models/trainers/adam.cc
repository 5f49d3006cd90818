#include "models/trainers/adam.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <map>

#include "core/error.h"
#include "core/message.h"
#include "models/trainers/undo.h"

namespace solstice {
namespace {

/// `tensor` where and how `parameter` lies: the fused kernel walks both by raw memory order. A copy
/// only after the network moved to another device or layout.
at::Tensor laid_as(const at::Tensor& parameter, const at::Tensor& tensor) {
  if (tensor.device() == parameter.device() && tensor.strides() == parameter.strides()) {
    return tensor;
  }
  return at::empty_like(parameter).copy_(tensor);
}

}  // namespace

Adam::Adam(std::vector<std::pair<std::string, at::Tensor>> parameters, const Options& options)
    : options_(options) {
  const at::NoGradGuard no_grad;
  for (auto& [name, parameter] : parameters) {
    names_.push_back(std::move(name));
    exp_avgs_.push_back(at::zeros_like(parameter));
    exp_avg_sqs_.push_back(at::zeros_like(parameter));
    steps_.push_back(at::zeros({}, parameter.options().dtype(at::kFloat).requires_grad(false)));
    parameters_.push_back(std::move(parameter));
  }
}

void Adam::zero_grad() {
  for (at::Tensor& parameter : parameters_) parameter.mutable_grad() = at::Tensor();
}

std::vector<at::Tensor> Adam::gradients() const {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  return gradients;
}

void Adam::place_moments() {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    exp_avgs_[i] = laid_as(parameters_[i], exp_avgs_[i]);
    exp_avg_sqs_[i] = laid_as(parameters_[i], exp_avg_sqs_[i]);
    steps_[i] = steps_[i].to(parameters_[i].device());
  }
}

void Adam::remember() {
  const at::NoGradGuard no_grad;
  place_moments();
  remembered_.clear();
  for (const auto* tensors : {&parameters_, &exp_avgs_, &exp_avg_sqs_, &steps_}) {
    for (const at::Tensor& tensor : *tensors) {
      remembered_.emplace_back(tensor, tensor.detach().clone());
    }
  }
}

void Adam::take_back(const at::Tensor& undone) {
  const at::NoGradGuard no_grad;
  for (auto& [now, before] : remembered_) solstice::take_back(undone, before, now);
  remembered_.clear();
}

void Adam::step(const at::Tensor& skip, const at::Tensor* divisor) {
  const at::NoGradGuard no_grad;
  place_moments();
  std::vector<at::Tensor> parameters, gradients, exp_avgs, exp_avg_sqs, steps;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor& parameter = parameters_[i];
    if (!parameter.grad().defined()) continue;
    parameters.push_back(parameter);
    gradients.push_back(laid_as(parameter, parameter.grad()));
    exp_avgs.push_back(exp_avgs_[i]);
    exp_avg_sqs.push_back(exp_avg_sqs_[i]);
    steps.push_back(steps_[i]);
  }
  if (parameters.empty()) return;
  const auto scale = divisor == nullptr ? std::nullopt : std::optional<at::Tensor>(*divisor);
  const auto skipped = skip.defined() ? std::optional<at::Tensor>(skip) : std::nullopt;
  if (skip.defined()) {
    at::_foreach_add_(steps, -skip + 1);
  } else {
    at::_foreach_add_(steps, 1);
  }
  at::_fused_adam_(parameters, gradients, exp_avgs, exp_avg_sqs, /*max_exp_avg_sqs=*/{}, steps,
                   options_.lr, options_.beta1, options_.beta2, /*weight_decay=*/0, options_.eps,
                   /*amsgrad=*/false, /*maximize=*/false, scale, skipped);
}

std::vector<std::pair<std::string, at::Tensor>> Adam::state() const {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (size_t i = 0; i < names_.size(); ++i) {
    tensors.emplace_back(names_[i] + ".exp_avg", exp_avgs_[i]);
    tensors.emplace_back(names_[i] + ".exp_avg_sq", exp_avg_sqs_[i]);
    tensors.emplace_back(names_[i] + ".step", steps_[i]);
  }
  return tensors;
}

void Adam::load_state(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  const std::map<std::string, at::Tensor> given(tensors.begin(), tensors.end());
  std::vector<std::pair<at::Tensor, at::Tensor>> copies;
  for (auto& [name, target] : state()) {
    const auto found = given.find(name);
    if (found == given.end() || found->second.sizes() != target.sizes()) {
      throw Error(
          ErrorKind::kWeights,
          message("optimiser state ", name,
                  found == given.end() ? " is missing" : " has another shape than the network",
                  "; the checkpoint is of another network"));
    }
    copies.emplace_back(target, found->second);
  }
  const at::NoGradGuard no_grad;
  for (auto& [target, source] : copies) target.copy_(source);
}

}  // namespace solstice
