#include "models/networks/fused_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_unsafe_view.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "models/networks/plane_norm.h"

namespace autograd = torch::autograd;

namespace solstice {
namespace {

/// The same by LibTorch's operators, on any device and in any layout.
at::Tensor plain_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      bool whole_batch) {
  const at::Tensor in =
      whole_batch ? x : x.reshape({1, x.size(0) * x.size(1), x.size(2), x.size(3)});
  // at::instance_norm does the same but returns a view, and an activation that then works in place
  // on a view costs two more copies in backward.
  return at::_unsafe_view(at::batch_norm(in, weight, bias, {}, {}, /*training=*/true,
                                         /*momentum=*/0, kNormEps, /*cudnn_enabled=*/true),
                          x.sizes());
}

/// An autograd function takes no undefined tensor.
at::Tensor absent() { return at::empty({0}, at::kFloat); }

struct FusedNorm : autograd::Function<FusedNorm> {
  /// weight and bias (C) float32; mean and var (planes, C) of plane_statistics.
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& residual, const at::Tensor& mean,
                            const at::Tensor& var, double slope, bool whole_batch) {
    context->save_for_backward({x, weight, bias, mean, var});
    context->saved_data["slope"] = slope;
    context->saved_data["whole_batch"] = whole_batch;
    return plane_norm({x, weight, bias, {mean, var}, slope, whole_batch}, residual);
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          autograd::variable_list above) {
    const autograd::variable_list saved = context->get_saved_variables();
    const PlaneNorm norm{saved[0],
                         saved[1],
                         saved[2],
                         {saved[3], saved[4]},
                         context->saved_data["slope"].toDouble(),
                         context->saved_data["whole_batch"].toBool()};
    const NormGradients gradients =
        at::GradMode::is_enabled() ? differentiable(norm, above[0]) : fused(norm, above[0]);
    const at::Tensor none;
    return {gradients.x,
            context->needs_input_grad(1) ? gradients.weight : none,
            context->needs_input_grad(2) ? gradients.bias : none,
            context->needs_input_grad(3) ? above[0] : none,
            none,
            none,
            none,
            none};
  }

 private:
  static NormGradients fused(const PlaneNorm& norm, const at::Tensor& above) {
    return plane_norm_gradients(
        norm, above.to(norm.x.dtype()).contiguous(at::MemoryFormat::ChannelsLast));
  }

  /// Differentiates the plain operators anew, so that the result has a graph.
  static NormGradients differentiable(const PlaneNorm& norm, const at::Tensor& above) {
    const int64_t images = norm.whole_batch ? 1 : norm.x.size(0);
    const at::Tensor normed = plain_norm(norm.x, norm.weight.repeat({images}),
                                         norm.bias.repeat({images}), norm.whole_batch);
    const at::Tensor y = at::leaky_relu(normed, norm.slope);
    NormGradients gradients;
    autograd::variable_list inputs;
    std::vector<at::Tensor*> wanted;
    for (const auto& [input, gradient] :
         {std::pair(norm.x, &gradients.x), std::pair(norm.weight, &gradients.weight),
          std::pair(norm.bias, &gradients.bias)}) {
      if (!input.requires_grad()) continue;
      inputs.push_back(input);
      wanted.push_back(gradient);
    }
    const autograd::variable_list found =
        autograd::grad({y}, inputs, {above}, /*retain_graph=*/true, /*create_graph=*/true);
    for (size_t i = 0; i < found.size(); ++i) *wanted[i] = found[i];
    return gradients;
  }
};

PlaneStatistics statistics_of(const at::Tensor& x, bool whole_batch) {
  const at::NoGradGuard no_grad;
  return plane_statistics(x, whole_batch);
}

}  // namespace

bool fused_norm_fits(const at::Tensor& x) {
  return x.is_cpu() && x.dim() == 4 && (x.dtype() == at::kFloat || x.dtype() == at::kBFloat16) &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor instance_norm_act(const at::Tensor& x, double slope, const at::Tensor& residual) {
  if (!fused_norm_fits(x)) {
    const at::Tensor normed = plain_norm(x, {}, {}, /*whole_batch=*/false);
    const at::Tensor y = slope == kNoActivation ? normed : at::leaky_relu(normed, slope);
    return residual.defined() ? residual + y : y;
  }
  const auto [mean, var] = statistics_of(x, /*whole_batch=*/false);
  const auto weight = at::ones({x.size(1)}, at::kFloat), bias = at::zeros({x.size(1)}, at::kFloat);
  const at::Tensor onto = residual.defined()
                              ? residual.to(x.dtype()).contiguous(at::MemoryFormat::ChannelsLast)
                              : absent();
  return FusedNorm::apply(x, weight, bias, onto, mean, var, slope, /*whole_batch=*/false);
}

at::Tensor batch_norm_act(const at::Tensor& x, const BatchNormTensors& norm, double slope) {
  const auto [mean, var] = statistics_of(x, /*whole_batch=*/true);
  {
    const at::NoGradGuard no_grad;
    const double pixels = static_cast<double>(x.numel() / x.size(1));
    at::Tensor(norm.running_mean).lerp_(mean[0], norm.momentum);
    at::Tensor(norm.running_var).lerp_(var[0] * (pixels / (pixels - 1)), norm.momentum);
  }
  return FusedNorm::apply(x, norm.weight, norm.bias, absent(), mean, var, slope,
                          /*whole_batch=*/true);
}

}  // namespace solstice
