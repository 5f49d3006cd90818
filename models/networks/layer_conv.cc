#include "models/networks/layer_conv.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "models/networks/cpu_kernels.h"

namespace autograd = torch::autograd;

namespace solstice {
namespace {

constexpr int64_t kWeightRows = 64;  ///< of one task

/// The two images whose products are the weight's gradient, (N, C, H, W) in channels_last: pixel
/// (p, q) of the coarse one meets (stride p + i - padding, stride q + j - padding) of the fine one
/// at tap (i, j).
struct TapPair {
  at::Tensor coarse, fine;
  int64_t kernel, stride, padding;
};

/// The coarse positions [first, last) that meet the fine image at this tap, along one dimension.
struct Meeting {
  Meeting(int64_t coarse, int64_t fine, int64_t tap, const TapPair& pair)
      : shift(tap - pair.padding),
        first(shift < 0 ? (-shift + pair.stride - 1) / pair.stride : 0),
        last(fine - shift <= 0 ? 0
                               : std::min(coarse, (fine - shift + pair.stride - 1) / pair.stride)) {
  }
  int64_t shift, first, last;
};

/// Rows [begin, begin + rows) of one tap's (coarse channels, fine channels) gradient.
void add_tap(const TapPair& pair, int64_t tap, int64_t begin, int64_t rows, float* gradient) {
  const int64_t height = pair.fine.size(2), width = pair.fine.size(3);
  const int64_t from = pair.coarse.size(1), to = pair.fine.size(1);
  const Meeting down(pair.coarse.size(2), height, tap / pair.kernel, pair);
  const Meeting across(pair.coarse.size(3), width, tap % pair.kernel, pair);
  if (across.last <= across.first) return;
  for (int64_t n = 0; n < pair.coarse.size(0); ++n) {
    const float* coarse = pair.coarse.const_data_ptr<float>() + n * pair.coarse.stride(0) + begin;
    const float* fine = pair.fine.const_data_ptr<float>() + n * pair.fine.stride(0);
    for (int64_t p = down.first; p < down.last; ++p) {
      const int64_t row = pair.stride * p + down.shift;
      const int64_t column = pair.stride * across.first + across.shift;
      const Product product{coarse + (p * pair.coarse.size(3) + across.first) * from,
                            /*a_row=*/1,
                            /*a_column=*/from,
                            fine + (row * width + column) * to,
                            /*b_row=*/pair.stride * to,
                            gradient + begin * to,
                            /*c_row=*/to,
                            rows,
                            to,
                            across.last - across.first};
      cpu_kernels().multiply(product, /*add=*/true);
    }
  }
}

/// (coarse channels, fine channels, kernel, kernel).
at::Tensor tap_products(const TapPair& pair) {
  const int64_t taps = pair.kernel * pair.kernel;
  const int64_t from = pair.coarse.size(1), to = pair.fine.size(1);
  const at::Tensor products = at::zeros({taps, from, to}, at::kFloat);
  const int64_t pieces = (from + kWeightRows - 1) / kWeightRows;
  at::parallel_for(0, taps * pieces, 1, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      const int64_t tap = task / pieces, begin = task % pieces * kWeightRows;
      add_tap(pair, tap, begin, std::min(kWeightRows, from - begin),
              products.data_ptr<float>() + tap * from * to);
    }
  });
  return products.view({pair.kernel, pair.kernel, from, to}).permute({2, 3, 0, 1}).contiguous();
}

struct LayerConv : autograd::Function<LayerConv> {
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, const at::Tensor& bias, bool transposed,
                            int64_t stride, int64_t padding, int64_t output_padding) {
    context->save_for_backward({x, weight});
    context->saved_data["transposed"] = transposed;
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    context->saved_data["output_padding"] = output_padding;
    const at::Tensor shift = bias.numel() == 0 ? at::Tensor() : bias;
    return at::convolution(x, weight, shift, {stride, stride}, {padding, padding}, {1, 1},
                           transposed, {output_padding, output_padding}, 1);
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          autograd::variable_list above) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const bool transposed = context->saved_data["transposed"].toBool();
    const int64_t stride = context->saved_data["stride"].toInt();
    const int64_t padding = context->saved_data["padding"].toInt();
    const int64_t output_padding = context->saved_data["output_padding"].toInt();
    const at::Tensor dy = above[0].contiguous(at::MemoryFormat::ChannelsLast);
    const bool wanted_bias = context->needs_input_grad(2);
    const bool own = !at::GradMode::is_enabled() && context->needs_input_grad(1);
    auto [dx, dweight, dbias] = at::convolution_backward(
        dy, x, weight, at::IntArrayRef{dy.size(1)}, {stride, stride}, {padding, padding}, {1, 1},
        transposed, {output_padding, output_padding}, 1,
        {context->needs_input_grad(0), context->needs_input_grad(1) && !own, wanted_bias && !own});
    if (own) {
      const at::Tensor &coarse = transposed ? x : dy, &fine = transposed ? dy : x;
      dweight = tap_products({coarse, fine, weight.size(2), stride, padding});
      if (wanted_bias) dbias = dy.sum({0, 2, 3});
    }
    const at::Tensor none;
    return {dx, dweight, dbias, none, none, none, none};
  }
};

}  // namespace

bool weight_gradient_fits(const at::Tensor& x, const at::Tensor& weight) {
  return x.is_cpu() && weight.is_cpu() && x.dtype() == at::kFloat && weight.dtype() == at::kFloat &&
         x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         weight.size(1) % 16 == 0 && weight.size(2) == weight.size(3) &&
         !at::autocast::is_autocast_enabled(at::kCPU) && cpu_kernels().vectors_are_wide;
}

at::Tensor layer_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const ConvGeometry& g) {
  const bool transposed = g.direction == Direction::kTransposed;
  if (!weight_gradient_fits(x, weight)) {
    // Not at::convolution, which autocast does not know.
    return transposed ? at::conv_transpose2d(x, weight, bias, g.stride, g.padding, g.output_padding)
                      : at::conv2d(x, weight, bias, g.stride, g.padding);
  }
  // An autograd function takes no undefined tensor.
  return LayerConv::apply(x, weight, bias.defined() ? bias : at::empty({0}, at::kFloat), transposed,
                          g.stride, g.padding, g.output_padding);
}

}  // namespace solstice
