#include "weights/torch_tensor.h"

#include "weights/failure.h"
#include "weights/unwrap.h"

namespace solstice {
namespace {

using Kind = PickleValue::Kind;

uint64_t natural(const PickleValue& value, const char* what) {
  if (value.kind != Kind::kInteger || value.integer < 0) {
    fail_weights("has no number as its ", what);
  }
  return static_cast<uint64_t>(value.integer);
}

std::vector<int64_t> integers(const PickleValue& value, const char* what) {
  if (value.kind != Kind::kTuple && value.kind != Kind::kList) {
    fail_weights("has no tuple as its ", what);
  }
  std::vector<int64_t> numbers;
  numbers.reserve(value.items.size());
  for (const PickleValue* item : value.items) {
    if (item->kind != Kind::kInteger) fail_weights("has no numbers in its ", what);
    numbers.push_back(item->integer);
  }
  return numbers;
}

at::Tensor read_tensor(const PickleValue& value, const StorageFinder& find, ByteBudget& budget) {
  // (storage, offset, sizes, strides[, requires_grad, hooks])
  const auto& arguments = value.items;
  if (arguments.size() < 4 || arguments[0]->kind != Kind::kStorage) {
    fail_weights("is rebuilt from something other than a storage");
  }
  const StorageReference storage = storage_reference(*arguments[0]);
  TensorLayout layout;
  layout.offset = natural(*arguments[1], "offset");
  layout.sizes = integers(*arguments[2], "sizes");
  layout.strides = integers(*arguments[3], "strides");
  const uint64_t bytes = storage.bytes();
  const std::string_view root = find(storage);
  if (root.size() != bytes) {
    fail_weights("lies in a storage of ", root.size(), " bytes, expected ", bytes);
  }
  const uint64_t item = storage.element->bytes;
  return tensor_from_storage(*storage.element, layout,
                             root.substr(storage.view_offset * item, storage.view_elements * item),
                             budget);
}

}  // namespace

uint64_t StorageReference::bytes() const {
  if (element == nullptr) {
    fail_weights("has the storage class ", in_quotes(class_name), ", expected one for ",
                 element_names());
  }
  uint64_t total = 0;
  if (__builtin_mul_overflow(elements, element->bytes, &total)) {
    fail_weights("promises a storage of ", elements, " elements");
  }
  return total;
}

StorageReference storage_reference(const PickleValue& value) {
  const auto& items = value.items;
  StorageReference reference{items[2]->text, element_by_storage(items[1]->text), items[1]->text,
                             static_cast<uint64_t>(items[4]->integer)};
  reference.view_elements = reference.elements;
  if (items.size() > 5 && items[5]->kind == Kind::kTuple && items[5]->items.size() == 3) {
    reference.view_offset = natural(*items[5]->items[1], "view offset");
    reference.view_elements = natural(*items[5]->items[2], "view size");
  }
  if (reference.view_offset > reference.elements ||
      reference.view_elements > reference.elements - reference.view_offset) {
    fail_weights("has a view that reaches outside its storage of ", reference.elements);
  }
  return reference;
}

void read_state_dict(const PickleValue& root, const StorageFinder& find, ByteBudget& budget,
                     WeightFile& weights) {
  for (const auto& [name, value] : find_state_dict(root, weights.notes)) {
    try {
      weights.tensors.emplace_back(name, read_tensor(*value, find, budget));
    } catch (const Error& error) {
      fail_weights("tensor ", in_quotes(name), " ", error.what());
    }
  }
}

}  // namespace solstice
