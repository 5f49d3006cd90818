#include "inference/prepared_conv.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/pixel_shuffle.h>
#include <ATen/ops/prelu.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tanh.h>

#include <algorithm>
#include <utility>

namespace solstice {
namespace {

using Ints = std::vector<int64_t>;

/// LibTorch's compiler of Python programs calls these; they have no C++ wrapper, and may be gone
/// in another release or build.
std::optional<c10::OperatorHandle> packed_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchema({name, ""});
}

struct PackedOperators {
  std::optional<c10::OperatorHandle> pack = packed_operator("mkldnn::_reorder_convolution_weight");
  std::optional<c10::OperatorHandle> pack_transposed =
      packed_operator("mkldnn::_reorder_convolution_transpose_weight");
  std::optional<c10::OperatorHandle> convolve = packed_operator("mkldnn::_convolution_pointwise");
  std::optional<c10::OperatorHandle> convolve_transposed =
      packed_operator("mkldnn::_convolution_transpose_pointwise");
  bool all() const { return pack && pack_transposed && convolve && convolve_transposed; }
};
const PackedOperators& packed_operators() {
  static const PackedOperators kOperators;
  return kOperators;
}

at::Tensor call(const c10::OperatorHandle& op, torch::jit::Stack stack) {
  op.callBoxed(stack);
  return stack.at(0).toTensor();
}

const char* name_in_onednn(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return "none";
    case Activation::kRelu:
      return "relu";
    case Activation::kLeakyRelu:
      return "leaky_relu";
    case Activation::kPrelu:  // has another slope for each channel: applied after
      return "none";
    case Activation::kTanh:
      return "tanh";
  }
  return "none";
}

int64_t rows_below(const Rows& wanted, int64_t held) {
  return std::max<int64_t>(0, wanted.end() - held);
}

bool winograd_suits(const ConvGeometry& geometry, const at::Tensor& weight) {
  return geometry.direction == Direction::kForward && geometry.stride == 1 &&
         geometry.padding == 1 && winograd_weight_fits(weight);
}

}  // namespace

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
  packs_ = device.is_cpu() && packed_operators().all();
  weight_ = weight_.contiguous(at::MemoryFormat::ChannelsLast);
  weight_bytes_ = static_cast<int64_t>(weight_.nbytes());
  if (packs_) std::swap(packed_->weight, weight_);
}

at::Tensor PreparedConv::packed_for(const at::Tensor& x, at::IntArrayRef padding) const {
  const std::lock_guard lock(packed_->mutex);
  if (packed_->is_packed) return packed_->weight;
  const Ints stride(2, geometry_.stride), one(2, 1), sides(x.sizes().begin(), x.sizes().end());
  const Ints around(padding.begin(), padding.end());
  const PackedOperators& operators = packed_operators();
  packed_->weight =
      geometry_.direction == Direction::kTransposed
          ? call(*operators.pack_transposed,
                 {packed_->weight, around, Ints(2, geometry_.output_padding), stride, one,
                  int64_t{1}, sides})
          : call(*operators.pack, {packed_->weight, around, stride, one, int64_t{1}, sides});
  packed_->is_packed = true;
  return packed_->weight;
}

at::Tensor PreparedConv::convolve(const at::Tensor& x, int64_t down, int64_t across) const {
  const bool transposed = geometry_.direction == Direction::kTransposed;
  const Ints padding{down, across}, stride(2, geometry_.stride), one(2, 1);
  const Ints output_padding(2, geometry_.output_padding);
  if (packs_) {
    c10::List<std::optional<at::Scalar>> scalars;
    if (activation_ == Activation::kLeakyRelu) scalars.push_back(at::Scalar(kLeakySlope));
    torch::jit::Stack stack{x, packed_for(x, padding),
                            bias_.defined() ? c10::IValue(bias_) : c10::IValue(), padding};
    if (transposed) stack.emplace_back(output_padding);
    for (c10::IValue value : {c10::IValue(stride), c10::IValue(one), c10::IValue(int64_t{1}),
                              c10::IValue(std::string(name_in_onednn(activation_))),
                              c10::IValue(scalars), c10::IValue()}) {
      stack.push_back(std::move(value));
    }
    const PackedOperators& operators = packed_operators();
    at::Tensor y =
        call(transposed ? *operators.convolve_transposed : *operators.convolve, std::move(stack));
    if (activation_ == Activation::kPrelu) activate_(y, activation_, slopes_);
    return y;
  }
  at::Tensor y = transposed
                     ? at::conv_transpose2d(x, weight_, bias_, stride, padding, output_padding)
                     : at::conv2d(x, weight_, bias_, stride, padding);
  activate_(y, activation_, slopes_);
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

at::Tensor PreparedConv::convolved(const at::Tensor& x, const RowWindow& window) const {
  if (winograd_ || narrow_) {
    at::Tensor y = winograd_ ? winograd_->run(x, window) : narrow_->run(x, window);
    activate_(y, activation_, slopes_);
    return y;
  }
  return geometry_.direction == Direction::kTransposed ? transposed(x, window) : forward(x, window);
}

at::Tensor PreparedConv::run(const at::Tensor& x, const RowWindow& window) const {
  if (shuffle_ == 1) return convolved(x, window);
  const Rows rows = before_shuffle({window.first, window.count}, shuffle_);
  const at::Tensor phases =
      convolved(x, {window.height, window.held_first, rows.first, rows.count});
  return at::pixel_shuffle(phases, shuffle_)
      .narrow(2, window.first - rows.first * shuffle_, window.count);
}

}  // namespace solstice
