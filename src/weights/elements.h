#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace solstice {

/// A tensor element as the file formats call it.
struct ElementType {
  at::ScalarType type;
  std::string_view safetensors;  ///< "F32"
  std::string_view storage;      ///< the class in module torch: "FloatStorage"
  uint64_t bytes;
};

std::span<const ElementType> element_types();

/// The row, or null.
const ElementType* element_by_safetensors(std::string_view name);
const ElementType* element_by_storage(std::string_view name);

/// The row; throws Error(kWeights) for a type that no weight file holds.
const ElementType& element_by_type(at::ScalarType type);

/// "F64, F32, ..."
std::string element_names();

/// A bound on the memory that a file can make us use: some multiple of its own size.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t file_bytes);

  /// Throws Error(kWeights) once the total exceeds the bound.
  void take(uint64_t bytes, const char* what);

 private:
  uint64_t file_bytes_;
  uint64_t left_;
};

/// Where a tensor's elements lie in its storage, all counted in elements.
struct TensorLayout {
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  uint64_t offset = 0;
};

/// The number of elements; throws Error(kWeights) for more than 64 dimensions, a negative size, or
/// a product that overflows (dimensions of size 0 do not hide the others).
uint64_t checked_count(std::span<const int64_t> sizes);

/// A contiguous CPU tensor with a copy of the elements. Throws Error(kWeights) where `layout` has a
/// negative stride or reaches outside `storage`, or where a BOOL is neither 0 nor 1.
at::Tensor tensor_from_storage(const ElementType& element, const TensorLayout& layout,
                               std::string_view storage, ByteBudget& budget);

/// The layout of a contiguous tensor of these sizes.
TensorLayout contiguous_layout(std::vector<int64_t> sizes);

/// The element bytes of a contiguous CPU tensor (a view), or of such a copy kept in `kept`.
std::string_view tensor_bytes(const at::Tensor& tensor, at::Tensor& kept);

}  // namespace solstice
