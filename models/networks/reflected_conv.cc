#include "models/networks/reflected_conv.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/reflection_pad2d_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#include "models/networks/winograd.h"

namespace autograd = torch::autograd;

namespace solstice {
namespace {

constexpr std::array<int64_t, 4> kOnePixel{1, 1, 1, 1};

/// With operators that can be differentiated again.
ConvGradients direct_backward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& dy,
                              std::array<bool, 3> wanted) {
  const at::Tensor padded = at::reflection_pad2d(x, kOnePixel);
  const auto [dpadded, dweight, dbias] = at::convolution_backward(
      dy, padded, weight.to(x.dtype()), at::IntArrayRef{weight.size(0)}, /*stride=*/{1, 1},
      /*padding=*/{0, 0}, /*dilation=*/{1, 1}, /*transposed=*/false, /*output_padding=*/{0, 0},
      /*groups=*/1, wanted);
  return {wanted[0] ? at::reflection_pad2d_backward(dpadded, x, kOnePixel) : dpadded, dweight,
          dbias};
}

struct WinogradConv : autograd::Function<WinogradConv> {
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, const at::Tensor& bias) {
    context->save_for_backward({x, weight});
    return winograd_conv3x3(x, weight, bias.numel() == 0 ? at::Tensor() : bias);
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          autograd::variable_list above) {
    const autograd::variable_list saved = context->get_saved_variables();
    const std::array<bool, 3> wanted{context->needs_input_grad(0), context->needs_input_grad(1),
                                     context->needs_input_grad(2)};
    const auto compute = at::GradMode::is_enabled() ? direct_backward : winograd_conv3x3_backward;
    const ConvGradients gradients =
        compute(saved[0], saved[1], above[0].contiguous(at::MemoryFormat::ChannelsLast), wanted);
    return {gradients.x, gradients.weight, gradients.bias};
  }
};

}  // namespace

at::Tensor reflected_conv3x3(const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& bias) {
  if (winograd_fits(x, weight)) {
    // An autograd function takes no undefined tensor.
    return WinogradConv::apply(x, weight, bias.defined() ? bias : at::empty({0}, at::kFloat));
  }
  return at::conv2d(at::reflection_pad2d(x, kOnePixel), weight, bias);
}

}  // namespace solstice
