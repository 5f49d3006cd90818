#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <string_view>

#include "models/networks/networks.h"

namespace solstice {

/// "(64, 3, 4, 4)".
std::string shape_text(at::IntArrayRef shape);

/// Names and shapes of a bare state dict, with the questions that recognising a network asks.
/// Refers to the list it was made from.
class StateShapes {
 public:
  explicit StateShapes(const TensorList& tensors);

  bool has(const std::string& name) const { return shapes_.count(name) != 0; }

  /// True when the tensor is there, has four dimensions and a square kernel of this size.
  bool has_kernel(const std::string& name, int64_t size) const;

  /// Size `dim` of a tensor that is known to be there.
  int64_t size(const std::string& name, size_t dim) const { return shapes_.at(name).at(dim); }

  bool any_name_contains(std::string_view part) const;

  /// Batch norm is the only layer with weights of one dimension. Instance norm and none differ in
  /// the bias of the first convolution, `first`.
  Norm norm(const std::string& first) const;

  /// Throws Error(kWeights) "this looks like a `family` generator, but ..." unless the tensor is
  /// there in this shape.
  void expect(const std::string& family, const std::string& name, at::IntArrayRef shape) const;

 private:
  std::map<std::string, at::IntArrayRef, std::less<>> shapes_;
  bool has_vector_weight_ = false;
};

}  // namespace solstice
