#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "inference/packed_conv.h"
#include "models/networks/layer_graph.h"
#include "models/networks/narrow_conv.h"
#include "models/networks/strided_winograd.h"
#include "models/networks/winograd.h"

namespace solstice {

/// The convolution of a LayerNode, made ready to run often in one type on one device: by Winograd,
/// by one matrix product where the results are few, by oneDNN's operator with a packed weight and
/// the activation inside, or by LibTorch's own. Also applies the node's activation, unless the node
/// normalises, in which case the norm comes between. Safe to run from several threads.
class PreparedConv {
 public:
  PreparedConv(const LayerNode& node, at::Device device, at::ScalarType type);

  /// Planes (1, C_i, held rows, W) in channels_last on the device, side by side, to
  /// (1, K, window.count, W'). The window speaks of input rows in `height` and `held_first`, of
  /// output rows in `first` and `count`; the piece must hold what input_rows() says.
  at::Tensor run(const std::vector<at::Tensor>& inputs, const RowWindow& window) const;

  /// What the weight takes in its prepared forms once planes of so many rows and columns were read.
  int64_t weight_bytes(int64_t height, int64_t width) const;

 private:
  at::Tensor joined(const std::vector<at::Tensor>& inputs) const;
  at::Tensor convolved(const std::vector<at::Tensor>& inputs, const RowWindow& window) const;
  at::Tensor forward(const at::Tensor& x, const RowWindow& window) const;
  at::Tensor transposed(const at::Tensor& x, const RowWindow& window) const;
  at::Tensor convolve(const at::Tensor& x, int64_t padding_down, int64_t padding_across) const;
  bool goes_strided(int64_t height, int64_t width) const;
  const StridedWinograd& strided() const;

  ConvGeometry geometry_;
  Border border_;
  bool rectifies_inputs_;
  Activation activation_;
  int64_t kernel_, shuffle_;
  at::Tensor weight_, bias_, slopes_;
  std::optional<PreparedWinograd> winograd_;
  std::optional<NarrowConv> narrow_;
  std::optional<PackedConv> packed_;
  at::Tensor strided_weight_;  ///< defined where planes that are large enough go by StridedWinograd
  int64_t weight_bytes_;       ///< of what does not depend on the planes

  /// Made when it is first needed.
  struct Strided {
    std::mutex mutex;
    std::optional<StridedWinograd> conv;
  };
  std::unique_ptr<Strided> strided_ = std::make_unique<Strided>();
};

/// The type in which a node of a network that runs in `type` is fastest: Winograd and few results
/// are faster in float32 than other ways in bfloat16, and more exact.
at::ScalarType fastest_type(const LayerNode& node, at::Device device, at::ScalarType type);

/// Rows [first, first + count) of something.
struct Rows {
  int64_t first, count;
  int64_t end() const { return first + count; }
};

/// The rows of a convolution that rows of its shuffled result are made of.
Rows before_shuffle(const Rows& out, int64_t factor);

/// The input rows, of `height`, that the output rows `out` of a node are made of.
Rows input_rows(const LayerNode& node, const Rows& out, int64_t height);

/// What values below zero are multiplied by, where that is all that the activation does.
std::optional<double> activation_slope(Activation activation);

/// The activation of a node, in place where LibTorch can; `slopes` (C) for kPrelu.
void activate_(at::Tensor& x, Activation activation, const at::Tensor& slopes = {});

}  // namespace solstice
