#pragma once

#include <functional>
#include <string_view>

#include "weights/elements.h"
#include "weights/pickle.h"
#include "weights/weights.h"

namespace solstice {

/// The storage that a persistent id of torch.save names:
/// ('storage', torch.FloatStorage, key, device, elements[, view]). The device is ignored.
struct StorageReference {
  std::string_view key;
  const ElementType* element;  ///< null for a class no weight file should hold
  std::string_view class_name;
  uint64_t elements;  ///< of the root storage
  /// A legacy storage can be a window into its root: (key, offset, elements).
  uint64_t view_offset = 0;
  uint64_t view_elements = 0;  ///< equals `elements` without a window

  /// The bytes of the root storage; throws Error(kWeights) on overflow or an unknown class.
  uint64_t bytes() const;
};
StorageReference storage_reference(const PickleValue& value);

/// Finds the root storage's bytes, exactly reference.bytes() of them.
using StorageFinder = std::function<std::string_view(const StorageReference& reference)>;

/// The tensors of the state dict within `root` (found by unwrap.h), appended to `weights` with its
/// notes. Throws Error(kWeights) naming the tensor.
void read_state_dict(const PickleValue& root, const StorageFinder& find, ByteBudget& budget,
                     WeightFile& weights);

}  // namespace solstice
