#include "inference/packed_conv.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/networks/cpu_kernels.h"

namespace solstice {
namespace {

using Ints = std::vector<int64_t>;

std::optional<c10::OperatorHandle> find_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchema({name, ""});
}

struct Operators {
  std::optional<c10::OperatorHandle> pack = find_operator("mkldnn::_reorder_convolution_weight");
  std::optional<c10::OperatorHandle> pack_transposed =
      find_operator("mkldnn::_reorder_convolution_transpose_weight");
  std::optional<c10::OperatorHandle> convolve = find_operator("mkldnn::_convolution_pointwise");
  std::optional<c10::OperatorHandle> convolve_transposed =
      find_operator("mkldnn::_convolution_transpose_pointwise");
  bool all() const { return pack && pack_transposed && convolve && convolve_transposed; }
};
const Operators& operators() {
  static const Operators kOperators;
  return kOperators;
}

at::Tensor call(const c10::OperatorHandle& op, torch::jit::Stack stack) {
  op.callBoxed(stack);
  return stack.at(0).toTensor();
}

const char* name_of(Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return "relu";
    case Activation::kLeakyRelu:
      return "leaky_relu";
    case Activation::kTanh:
      return "tanh";
    case Activation::kNone:
    case Activation::kPrelu:
      return "none";
  }
  return "none";
}

}  // namespace

struct PackedConv::Weight {
  std::mutex mutex;
  at::Tensor tensor;  ///< packed for the first input's size, which serves others as well
  bool is_packed = false;
};

bool PackedConv::available(at::ScalarType type) {
  return operators().all() && (type == at::kFloat || has_avx512());
}

PackedConv::PackedConv(at::Tensor weight, at::Tensor bias, const ConvGeometry& geometry,
                       Activation activation)
    : geometry_(geometry),
      activation_(activation),
      bias_(std::move(bias)),
      weight_(std::make_unique<Weight>()) {
  weight_->tensor = std::move(weight);
}
PackedConv::~PackedConv() = default;
PackedConv::PackedConv(PackedConv&&) noexcept = default;
PackedConv& PackedConv::operator=(PackedConv&&) noexcept = default;

at::Tensor PackedConv::packed_for(const at::Tensor& x, at::IntArrayRef padding) const {
  const std::lock_guard lock(weight_->mutex);
  at::Tensor& weight = weight_->tensor;
  if (weight_->is_packed) return weight;
  const Ints stride(2, geometry_.stride), one(2, 1), sides(x.sizes().begin(), x.sizes().end());
  const Ints around(padding.begin(), padding.end());
  weight =
      geometry_.direction == Direction::kTransposed
          ? call(*operators().pack_transposed, {weight, around, Ints(2, geometry_.output_padding),
                                                stride, one, int64_t{1}, sides})
          : call(*operators().pack, {weight, around, stride, one, int64_t{1}, sides});
  weight_->is_packed = true;
  return weight;
}

at::Tensor PackedConv::run(const at::Tensor& x, int64_t down, int64_t across) const {
  const bool transposed = geometry_.direction == Direction::kTransposed;
  const Ints padding{down, across}, stride(2, geometry_.stride), one(2, 1);
  c10::List<std::optional<at::Scalar>> scalars;
  if (activation_ == Activation::kLeakyRelu) scalars.push_back(at::Scalar(kLeakySlope));
  torch::jit::Stack stack{x, packed_for(x, padding),
                          bias_.defined() ? c10::IValue(bias_) : c10::IValue(), padding};
  if (transposed) stack.emplace_back(Ints(2, geometry_.output_padding));
  for (c10::IValue value :
       {c10::IValue(stride), c10::IValue(one), c10::IValue(int64_t{1}),
        c10::IValue(std::string(name_of(activation_))), c10::IValue(scalars), c10::IValue()}) {
    stack.push_back(std::move(value));
  }
  return call(transposed ? *operators().convolve_transposed : *operators().convolve,
              std::move(stack));
}

}  // namespace solstice
