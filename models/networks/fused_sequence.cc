#include "models/networks/fused_sequence.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/padding.h>

#include <optional>

#include "models/networks/fused_norm.h"
#include "models/networks/layer_conv.h"
#include "models/networks/layers.h"
#include "models/networks/reflected_conv.h"

namespace nn = torch::nn;

namespace solstice {
namespace {

/// The slope of an activation module; nothing for any other.
std::optional<double> slope_of(nn::Module& module) {
  if (module.as<nn::ReLUImpl>() != nullptr) return kReluSlope;
  if (const auto* leaky = module.as<nn::LeakyReLUImpl>()) return leaky->options.negative_slope();
  return std::nullopt;
}

bool pads_one_pixel(nn::Module& module) {
  const auto* padding = module.as<nn::ReflectionPad2dImpl>();
  return padding != nullptr && *padding->options.padding() == std::array<int64_t, 4>{1, 1, 1, 1};
}

/// The geometry of a convolution of either direction if it is square, without dilation and groups.
template <class Layer>
std::optional<ConvGeometry> geometry_of(const Layer& conv, Direction direction) {
  const auto& options = conv.options;
  const auto same = [](const auto& sides) { return (*sides)[0] == (*sides)[1]; };
  const at::ArrayRef<int64_t> dilation = *options.dilation();
  if (!same(options.kernel_size()) || !same(options.stride()) || options.groups() != 1 ||
      dilation != at::IntArrayRef{1, 1}) {
    return std::nullopt;
  }
  const auto* padding = std::get_if<torch::ExpandingArray<2>>(&options.padding());
  if (padding == nullptr || !same(*padding)) return std::nullopt;
  ConvGeometry geometry{direction, (*options.stride())[0], (**padding)[0], 0};
  if (direction == Direction::kTransposed) {
    if (!same(options.output_padding())) return std::nullopt;
    geometry.output_padding = (*options.output_padding())[0];
  }
  return geometry;
}

template <class Layer>
std::optional<at::Tensor> convolved(nn::Module& module, Direction direction, const at::Tensor& x) {
  const auto* conv = module.as<Layer>();
  if (conv == nullptr) return std::nullopt;
  const auto geometry = geometry_of(*conv, direction);
  if (!geometry) return std::nullopt;
  return layer_conv(x, conv->weight, conv->bias, *geometry);
}

/// A 3x3 convolution at stride 1 without padding of its own; else null.
const nn::Conv2dImpl* as_conv3x3(nn::Module& module) {
  const auto* conv = module.as<nn::Conv2dImpl>();
  if (conv == nullptr || conv->weight.size(2) != 3) return nullptr;
  const auto geometry = geometry_of(*conv, Direction::kForward);
  return geometry && geometry->stride == 1 && geometry->padding == 0 ? conv : nullptr;
}

bool is_norm(nn::Module& module) {
  return module.as<InstanceNorm>() != nullptr || module.as<nn::BatchNorm2dImpl>() != nullptr;
}

/// act(norm(x)) + residual; nothing where there is no kernel for it.
std::optional<at::Tensor> fused_norm(nn::Module& module, const at::Tensor& x, double slope,
                                     const at::Tensor& residual) {
  if (!fused_norm_fits(x)) return std::nullopt;
  if (module.as<InstanceNorm>() != nullptr) return instance_norm_act(x, slope, residual);
  auto* norm = module.as<nn::BatchNorm2dImpl>();
  if (!norm->is_training() || !norm->running_mean.defined() || residual.defined()) {
    return std::nullopt;
  }
  norm->num_batches_tracked += 1;
  return batch_norm_act(x,
                        {norm->weight, norm->bias, norm->running_mean, norm->running_var,
                         norm->options.momentum().value()},
                        slope);
}

}  // namespace

at::Tensor forward_fused(nn::Sequential& layers, at::Tensor x, const at::Tensor& residual) {
  at::Tensor left = residual;
  const size_t count = layers->size();
  for (size_t i = 0; i < count; ++i) {
    nn::Module& module = *layers->ptr(i);
    if (i + 1 < count && pads_one_pixel(module)) {
      if (const nn::Conv2dImpl* conv = as_conv3x3(*layers->ptr(i + 1))) {
        x = reflected_conv3x3(x, conv->weight, conv->bias);
        ++i;
        continue;
      }
    }
    if (is_norm(module)) {
      const auto slope = i + 1 < count ? slope_of(*layers->ptr(i + 1)) : std::nullopt;
      const bool last = i + (slope ? 2 : 1) == count;
      if (auto y =
              fused_norm(module, x, slope.value_or(kNoActivation), last ? left : at::Tensor())) {
        x = *std::move(y);
        if (last) left = at::Tensor();
        if (slope) ++i;
        continue;
      }
    }
    auto y = convolved<nn::Conv2dImpl>(module, Direction::kForward, x);
    if (!y) y = convolved<nn::ConvTranspose2dImpl>(module, Direction::kTransposed, x);
    if (y) {
      x = *std::move(y);
      continue;
    }
    x = (layers->begin() + static_cast<std::ptrdiff_t>(i))->forward(std::move(x));
  }
  return left.defined() ? left + x : x;
}

at::Tensor in_fast_layout(const at::Tensor& x) {
  return x.is_cpu() ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
}

}  // namespace solstice
