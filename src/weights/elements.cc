#include "weights/elements.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "weights/failure.h"

namespace solstice {
namespace {

constexpr std::array<ElementType, 10> kElements{{
    {at::kDouble, "F64", "DoubleStorage", 8},
    {at::kFloat, "F32", "FloatStorage", 4},
    {at::kHalf, "F16", "HalfStorage", 2},
    {at::kBFloat16, "BF16", "BFloat16Storage", 2},
    {at::kLong, "I64", "LongStorage", 8},
    {at::kInt, "I32", "IntStorage", 4},
    {at::kShort, "I16", "ShortStorage", 2},
    {at::kChar, "I8", "CharStorage", 1},
    {at::kByte, "U8", "ByteStorage", 1},
    {at::kBool, "BOOL", "BoolStorage", 1},
}};

constexpr size_t kMostDimensions = 64;  // what LibTorch's own kernels can iterate over

/// Deflate shrinks to a thousandth at most and shared storages can be viewed many times; honest
/// files stay far below this factor.
constexpr uint64_t kBudgetFactor = 16;
constexpr uint64_t kBudgetFloor = uint64_t{64} << 20;

/// Throws unless every element of the layout lies inside `available` elements.
void check_reach(const TensorLayout& layout, uint64_t count, uint64_t available) {
  if (layout.strides.size() != layout.sizes.size()) {
    fail_weights("has ", layout.sizes.size(), " sizes and ", layout.strides.size(), " strides");
  }
  uint64_t last = layout.offset;
  for (size_t d = 0; d < layout.sizes.size(); ++d) {
    if (layout.strides[d] < 0) {
      fail_weights("has the stride ", layout.strides[d], ", expected 0 or more");
    }
    if (count == 0 || layout.sizes[d] == 1) continue;
    uint64_t step = 0;
    if (__builtin_mul_overflow(static_cast<uint64_t>(layout.sizes[d] - 1),
                               static_cast<uint64_t>(layout.strides[d]), &step) ||
        __builtin_add_overflow(last, step, &last)) {
      fail_weights("has sizes and strides whose product overflows");
    }
  }
  if (count != 0 && last >= available) {
    fail_weights("reaches element ", last, " of a storage of ", available);
  }
}

/// Copies element by element, the last dimension fastest.
void copy_strided(char* to, const char* from, const TensorLayout& layout, uint64_t count,
                  uint64_t item) {
  std::vector<int64_t> index(layout.sizes.size(), 0);
  int64_t position = static_cast<int64_t>(layout.offset);
  for (uint64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * item, from + static_cast<uint64_t>(position) * item, item);
    for (size_t d = index.size(); d-- > 0;) {
      position += layout.strides[d];
      if (++index[d] < layout.sizes[d]) break;
      position -= layout.strides[d] * layout.sizes[d];
      index[d] = 0;
    }
  }
}

}  // namespace

std::span<const ElementType> element_types() { return kElements; }

const ElementType* element_by_safetensors(std::string_view name) {
  const auto found = std::ranges::find(kElements, name, &ElementType::safetensors);
  return found == kElements.end() ? nullptr : &*found;
}

const ElementType* element_by_storage(std::string_view name) {
  const auto found = std::ranges::find(kElements, name, &ElementType::storage);
  return found == kElements.end() ? nullptr : &*found;
}

const ElementType& element_by_type(at::ScalarType type) {
  const auto found = std::ranges::find(kElements, type, &ElementType::type);
  if (found == kElements.end()) {
    fail_weights("has the element type ", c10::toString(type), ", expected one of ",
                 element_names());
  }
  return *found;
}

std::string element_names() {
  std::string names;
  for (const ElementType& row : kElements) {
    names += (names.empty() ? "" : ", ") + std::string(row.safetensors);
  }
  return names;
}

ByteBudget::ByteBudget(uint64_t file_bytes)
    : file_bytes_(file_bytes), left_(kBudgetFloor + kBudgetFactor * file_bytes) {}

void ByteBudget::take(uint64_t bytes, const char* what) {
  if (bytes > left_) {
    fail_weights("promises ", what, " of far more bytes than a file of ", file_bytes_,
                 " should (limit ", kBudgetFloor + kBudgetFactor * file_bytes_, ")");
  }
  left_ -= bytes;
}

uint64_t checked_count(std::span<const int64_t> sizes) {
  if (sizes.size() > kMostDimensions) {
    fail_weights("has ", sizes.size(), " dimensions, expected at most ", kMostDimensions);
  }
  int64_t product = 1;
  bool is_empty = false;
  for (const int64_t size : sizes) {
    if (size < 0) fail_weights("has the size ", size, ", expected 0 or more");
    is_empty = is_empty || size == 0;
    if (__builtin_mul_overflow(product, std::max<int64_t>(size, 1), &product) ||
        product > INT64_MAX / 8) {
      fail_weights("has sizes whose product overflows");
    }
  }
  return is_empty ? 0 : static_cast<uint64_t>(product);
}

TensorLayout contiguous_layout(std::vector<int64_t> sizes) {
  TensorLayout layout{std::move(sizes), {}, 0};
  layout.strides.resize(layout.sizes.size());
  int64_t stride = 1;
  for (size_t d = layout.sizes.size(); d-- > 0;) {
    layout.strides[d] = stride;
    stride *= std::max<int64_t>(layout.sizes[d], 1);
  }
  return layout;
}

at::Tensor tensor_from_storage(const ElementType& element, const TensorLayout& layout,
                               std::string_view storage, ByteBudget& budget) {
  const uint64_t count = checked_count(layout.sizes);
  check_reach(layout, count, storage.size() / element.bytes);
  budget.take(count * element.bytes, "tensors");
  at::Tensor tensor = at::empty(layout.sizes, at::TensorOptions().dtype(element.type));
  if (count == 0) return tensor;
  char* to = static_cast<char*>(tensor.mutable_data_ptr());
  if (layout.strides == contiguous_layout(layout.sizes).strides) {
    std::memcpy(to, storage.data() + layout.offset * element.bytes, count * element.bytes);
  } else {
    copy_strided(to, storage.data(), layout, count, element.bytes);
  }
  if (element.type == at::kBool) {
    const auto* bad = std::find_if(to, to + count, [](char byte) { return (byte & ~1) != 0; });
    if (bad != to + count) {
      fail_weights("holds the byte ", int{static_cast<unsigned char>(*bad)},
                   " as a BOOL, expected 0 or 1");
    }
  }
  return tensor;
}

std::string_view tensor_bytes(const at::Tensor& tensor, at::Tensor& kept) {
  kept = tensor.cpu().contiguous();
  return {static_cast<const char*>(kept.const_data_ptr()), kept.nbytes()};
}

}  // namespace solstice
