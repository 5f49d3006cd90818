#include "models/networks/layer_graph.h"

#include <ATen/TensorOperators.h>

#include <algorithm>

#include "core/error.h"
#include "core/message.h"

namespace solstice {

int64_t LayerNode::out_side(int64_t side) const {
  return shuffle * geometry.out_side(side, kernel());
}

bool LayerNode::adds(size_t node) const {
  return std::any_of(residuals.begin(), residuals.end(),
                     [node](const Addend& addend) { return addend.node == node; });
}

at::Tensor GraphReader::find(const std::string& name) const {
  const auto found = std::find_if(state_.begin(), state_.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == state_.end() ? at::Tensor() : found->second.detach();
}

at::Tensor GraphReader::tensor(const std::string& name) const {
  const at::Tensor found = find(name);
  if (!found.defined()) throw Error(ErrorKind::kRun, message("the network has no ", name));
  return found;
}

LayerNode GraphReader::conv(const std::string& name, size_t input, ConvGeometry geometry) const {
  LayerNode node;
  node.inputs = {input};
  node.weight = find(name + ".weight");
  node.bias = find(name + ".bias");
  node.geometry = geometry;
  if (!node.weight.defined()) {
    throw Error(ErrorKind::kRun, message("the network has no ", name, ".weight"));
  }
  return node;
}

LayerNode GraphReader::conv_norm(const std::string& name, const std::string& norm, size_t input,
                                 ConvGeometry geometry) const {
  LayerNode node = conv(name, input, geometry);
  node.normalises = options_.norm == Norm::kInstance;
  if (options_.norm == Norm::kBatch) fold(node, norm);
  return node;
}

void GraphReader::fold(LayerNode& node, const std::string& norm) const {
  const auto number = [&](const char* what) {
    const at::Tensor values = find(message(norm, ".", what));
    if (!values.defined()) throw Error(ErrorKind::kRun, message("no ", norm, ".", what));
    return values.to(at::kDouble);
  };
  const at::Tensor factor = number("weight") / (number("running_var") + kNormEps).sqrt();
  at::Tensor shift = number("bias") - number("running_mean") * factor;
  if (node.bias.defined()) shift += node.bias.to(at::kDouble) * factor;
  const bool transposed = node.geometry.direction == Direction::kTransposed;
  const auto shape =
      transposed ? std::vector<int64_t>{1, -1, 1, 1} : std::vector<int64_t>{-1, 1, 1, 1};
  node.weight = (node.weight.to(at::kDouble) * factor.view(shape)).to(at::kFloat);
  node.bias = shift.to(at::kFloat);
}

}  // namespace solstice
