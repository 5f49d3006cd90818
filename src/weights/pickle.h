#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace solstice {

/// A value out of a pickle. Children belong to the Pickle; text points into its bytes.
struct PickleValue {
  enum class Kind : uint8_t {
    kNone,
    kBoolean,
    kInteger,
    kBigInteger,  ///< more than 64 bits: its two's complement in `text`
    kReal,        ///< its number is of no use here and not kept
    kText,
    kTuple,
    kList,
    kDict,     ///< `items` alternate key and value, in the order they were set
    kStorage,  ///< a persistent id; `items` is its tuple, whose form has been checked
    kTensor,   ///< `items` are the arguments of torch._utils._rebuild_tensor(_v2)
    kOrderedDictClass,
    kRebuildTensor,
    kRebuildParameter,
    kStorageClass,  ///< `text` is its name in module torch
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;
  std::string_view text;
  std::vector<const PickleValue*> items;
};

/// The result of a pickle. Its values form a graph, perhaps with cycles: walkers bound their depth.
struct Pickle {
  std::deque<PickleValue> values;  ///< owns every value
  const PickleValue* root = nullptr;
  std::vector<const PickleValue*> storages;  ///< every kStorage met, also those in no tensor
  uint64_t end = 0;                          ///< the byte after STOP
};

/// Reads one pickle of protocol 2 that starts at `begin`. It is data only: of all classes and
/// functions it may name just those that torch.save writes for tensors (collections.OrderedDict,
/// torch._utils._rebuild_tensor, _rebuild_tensor_v2, _rebuild_parameter, torch.*Storage), and none
/// is ever called. Time and memory are bounded by the steps allowed, whatever the bytes say.
/// Throws Error(kWeights).
Pickle read_pickle(std::string_view bytes, uint64_t begin);

}  // namespace solstice
