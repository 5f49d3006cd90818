#include "inference/prepared_conv.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/pixel_shuffle.h>
#include <ATen/ops/prelu.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tanh.h>

#include <algorithm>
#include <array>
#include <utility>

namespace solstice {
namespace {

int64_t rows_below(const Rows& wanted, int64_t held) {
  return std::max<int64_t>(0, wanted.end() - held);
}

bool winograd_suits(const ConvGeometry& geometry, const at::Tensor& weight) {
  return geometry.direction == Direction::kForward && geometry.stride == 1 &&
         geometry.padding == 1 && winograd_weight_fits(weight);
}

}  // namespace

std::optional<double> activation_slope(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return kNoActivation;
    case Activation::kRelu:
      return kReluSlope;
    case Activation::kLeakyRelu:
      return kLeakySlope;
    case Activation::kPrelu:
    case Activation::kTanh:
      return std::nullopt;
  }
  return std::nullopt;
}

Rows before_shuffle(const Rows& out, int64_t factor) {
  const int64_t first = out.first / factor;
  return {first, (out.end() + factor - 1) / factor - first};
}

Rows input_rows(const LayerNode& node, const Rows& result, int64_t height) {
  const ConvGeometry& g = node.geometry;
  const Rows out = before_shuffle(result, node.shuffle);
  int64_t first, end;
  if (g.direction == Direction::kTransposed) {
    const int64_t low = out.first + g.padding - node.kernel() + 1;
    first = low > 0 ? (low + g.stride - 1) / g.stride : 0;
    end = (out.end() - 1 + g.padding) / g.stride + 1;
  } else {
    first = out.first * g.stride - g.padding;
    end = (out.end() - 1) * g.stride - g.padding + node.kernel();
    if (node.border == Border::kReflect) {
      // What is reflected must be there too.
      const int64_t above = first, below = end;
      if (above < 0) end = std::max(end, 1 - above);
      if (below > height) first = std::min(first, 2 * height - 1 - below);
    }
  }
  first = std::clamp<int64_t>(first, 0, height - 1);
  end = std::clamp<int64_t>(end, first + 1, height);
  return {first, end - first};
}

void activate_(at::Tensor& x, Activation activation, const at::Tensor& slopes) {
  switch (activation) {
    case Activation::kNone:
      return;
    case Activation::kRelu:
      at::relu_(x);
      return;
    case Activation::kLeakyRelu:
      at::leaky_relu_(x, kLeakySlope);
      return;
    case Activation::kPrelu:
      x = at::prelu(x, slopes);
      return;
    case Activation::kTanh:
      at::tanh_(x);
      return;
  }
}

at::ScalarType fastest_type(const LayerNode& node, at::Device device, at::ScalarType type) {
  if (!device.is_cpu() || type != at::kBFloat16) return type;
  const bool in_float =
      winograd_suits(node.geometry, node.weight) || NarrowConv::fits(node.weight, node.geometry);
  return in_float ? at::kFloat : type;
}

PreparedConv::PreparedConv(const LayerNode& node, at::Device device, at::ScalarType type)
    : geometry_(node.geometry),
      border_(node.border),
      rectifies_inputs_(node.rectifies_inputs),
      activation_(node.normalises ? Activation::kNone : node.activation),
      kernel_(node.kernel()),
      shuffle_(node.shuffle),
      weight_(node.weight.to(device, type)) {
  if (node.bias.defined()) bias_ = node.bias.to(device, type);
  if (node.slopes.defined()) slopes_ = node.slopes.to(device, type);
  if (winograd_suits(geometry_, weight_)) {
    winograd_.emplace(weight_, bias_, border_ == Border::kReflect);
    weight_bytes_ = winograd_->weight_bytes();
    weight_ = at::Tensor();
    return;
  }
  if (NarrowConv::fits(weight_, geometry_)) {
    narrow_.emplace(weight_, bias_, geometry_, border_ == Border::kReflect);
    weight_bytes_ = narrow_->weight_bytes();
    weight_ = at::Tensor();
    return;
  }
  weight_ = weight_.contiguous(at::MemoryFormat::ChannelsLast);
  weight_bytes_ = static_cast<int64_t>(weight_.nbytes());
  if (border_ == Border::kZero && activation_slope(activation_) &&
      StridedWinograd::fits(weight_, geometry_)) {
    strided_weight_ = weight_;
  }
  if (device.is_cpu() && PackedConv::available(type)) {
    packed_.emplace(std::exchange(weight_, {}), bias_, geometry_, activation_);
  }
}

bool PreparedConv::goes_strided(int64_t height, int64_t width) const {
  return strided_weight_.defined() &&
         StridedWinograd::pays(strided_weight_, geometry_.out_side(height, kernel_),
                               geometry_.out_side(width, kernel_));
}

const StridedWinograd& PreparedConv::strided() const {
  const std::lock_guard lock(strided_->mutex);
  if (!strided_->conv) strided_->conv.emplace(strided_weight_, bias_, geometry_.direction);
  return *strided_->conv;
}

int64_t PreparedConv::weight_bytes(int64_t height, int64_t width) const {
  if (!strided_weight_.defined()) return weight_bytes_;
  // Its own form stays beside the other one.
  return weight_bytes_ * (1 + (goes_strided(height, width) ? StridedWinograd::kGrowth : 1));
}

at::Tensor PreparedConv::convolve(const at::Tensor& x, int64_t down, int64_t across) const {
  const std::array<int64_t, 2> padding{down, across};
  const int64_t stride = geometry_.stride;
  at::Tensor y =
      packed_ ? packed_->run(x, down, across)
      : geometry_.direction == Direction::kTransposed
          ? at::conv_transpose2d(x, weight_, bias_, stride, padding, geometry_.output_padding)
          : at::conv2d(x, weight_, bias_, stride, padding);
  if (!packed_ || activation_ == Activation::kPrelu) activate_(y, activation_, slopes_);
  return y;
}

at::Tensor PreparedConv::forward(const at::Tensor& x, const RowWindow& window) const {
  const int64_t p = geometry_.padding;
  const int64_t first = window.first * geometry_.stride - p;
  const int64_t end = (window.first + window.count - 1) * geometry_.stride - p + kernel_;
  const int64_t above = std::max<int64_t>(0, -first),
                below = rows_below({first, end - first}, window.height);
  at::Tensor in = x;
  if (border_ == Border::kReflect && p > 0) {
    in = at::reflection_pad2d(x, {p, p, above, below});
    // More may be held than this padding shows: what only the reflection needed.
    const int64_t skipped = above > 0 ? 0 : first - window.held_first;
    in = in.narrow(2, skipped, end - first);
    return convolve(in, 0, 0);
  }
  if (above == p && below == p) return convolve(in, p, p);
  if (above > 0 || below > 0) in = at::constant_pad_nd(in, {0, 0, above, below});
  return convolve(in, 0, p);
}

at::Tensor PreparedConv::transposed(const at::Tensor& x, const RowWindow& window) const {
  const ConvGeometry& g = geometry_;
  const int64_t whole = g.out_side(x.size(2), kernel_);
  if (x.size(2) == window.height && window.first == 0 && window.count == whole) {
    return convolve(x, g.padding, g.padding);
  }
  // Without padding down: row 0 of it is this row of the result.
  const int64_t first = window.held_first * g.stride - g.padding;
  return convolve(x, 0, g.padding).narrow(2, window.first - first, window.count);
}

/// The inputs side by side, rectified in the same pass.
at::Tensor PreparedConv::joined(const std::vector<at::Tensor>& inputs) const {
  if (inputs.size() == 1) return rectifies_inputs_ ? at::relu(inputs[0]) : inputs[0];
  if (!rectifies_inputs_) return at::cat(inputs, 1);
  int64_t channels = 0;
  for (const at::Tensor& input : inputs) channels += input.size(1);
  at::Tensor joined = at::empty({1, channels, inputs[0].size(2), inputs[0].size(3)},
                                inputs[0].options(), at::MemoryFormat::ChannelsLast);
  int64_t first = 0;
  for (const at::Tensor& input : inputs) {
    at::Tensor place = joined.narrow(1, first, input.size(1));
    at::clamp_min_out(place, input, 0);
    first += input.size(1);
  }
  return joined;
}

at::Tensor PreparedConv::convolved(const std::vector<at::Tensor>& inputs,
                                   const RowWindow& window) const {
  if (goes_strided(window.height, inputs.front().size(3))) {
    return strided().run(inputs, window,
                         {rectifies_inputs_ ? 0.0F : 1.0F,
                          static_cast<float>(activation_slope(activation_).value())});
  }
  const at::Tensor x = joined(inputs);
  if (winograd_ || narrow_) {
    at::Tensor y = winograd_ ? winograd_->run(x, window) : narrow_->run(x, window);
    activate_(y, activation_, slopes_);
    return y;
  }
  return geometry_.direction == Direction::kTransposed ? transposed(x, window) : forward(x, window);
}

at::Tensor PreparedConv::run(const std::vector<at::Tensor>& inputs, const RowWindow& window) const {
  if (shuffle_ == 1) return convolved(inputs, window);
  const Rows rows = before_shuffle({window.first, window.count}, shuffle_);
  const at::Tensor phases =
      convolved(inputs, {window.height, window.held_first, rows.first, rows.count});
  return at::pixel_shuffle(phases, shuffle_)
      .narrow(2, window.first - rows.first * shuffle_, window.count);
}

}  // namespace solstice
