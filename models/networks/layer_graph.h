#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <string>
#include <vector>

#include "models/networks/fused_norm.h"
#include "models/networks/layer_conv.h"
#include "models/networks/networks.h"

namespace solstice {

/// What a convolution sees beyond the border of the image.
enum class Border { kZero, kReflect };

/// What follows a convolution, after its norm.
enum class Activation { kNone, kRelu, kLeakyRelu, kPrelu, kTanh };

/// A plane that is added to a result.
struct Addend {
  size_t node;  ///< an earlier one
  double factor = 1;
};

/// A convolution with all that is done to its result before another one reads it:
/// shuffle(activation(norm(conv(inputs)))) + residuals.
struct LayerNode {
  std::vector<size_t> inputs;  ///< earlier nodes, their channels side by side; 0 is the image
  at::Tensor weight, bias;     ///< as LibTorch's convolutions take them, batch norm folded in
  ConvGeometry geometry{Direction::kForward, 1, 0, 0};
  Border border = Border::kZero;
  bool rectifies_inputs = false;  ///< reads relu(inputs)
  bool normalises = false;        ///< by the statistics of its own plane (instance norm)
  Activation activation = Activation::kNone;
  at::Tensor slopes;    ///< kPrelu: of values below zero, by channel of the convolution
  int64_t shuffle = 1;  ///< channels of shuffle x shuffle phases become one of larger sides
  std::vector<Addend> residuals = {};

  int64_t out_channels() const {
    return weight.size(geometry.direction == Direction::kTransposed ? 1 : 0) / (shuffle * shuffle);
  }
  bool adds(size_t node) const;
  int64_t kernel() const { return weight.size(2); }
  /// Rows (columns) of the result for so many of the input's.
  int64_t out_side(int64_t side) const;
};

/// What a generator computes in evaluation, as data, so that it can be run piece by piece. Node 0
/// is the image and has no weight; the last one is the result, and does not normalise.
using LayerGraph = std::vector<LayerNode>;

/// Reads nodes from a state dict by its names.
class GraphReader {
 public:
  /// Both must outlive it.
  GraphReader(const TensorList& state, const GeneratorOptions& options)
      : state_(state), options_(options) {}

  /// The tensor of this name; throws Error(kRun) when there is none.
  at::Tensor tensor(const std::string& name) const;

  /// The convolution `conv` ("model.1"), without a norm.
  LayerNode conv(const std::string& name, size_t input, ConvGeometry geometry) const;

  /// The same followed by the norm `norm` of the network's kind: a batch norm with its running
  /// statistics becomes part of the weight, in float64.
  LayerNode conv_norm(const std::string& name, const std::string& norm, size_t input,
                      ConvGeometry geometry) const;

 private:
  at::Tensor find(const std::string& name) const;
  void fold(LayerNode& node, const std::string& norm) const;

  const TensorList& state_;
  const GeneratorOptions& options_;
};

}  // namespace solstice
