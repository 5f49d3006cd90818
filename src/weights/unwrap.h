#pragma once

#include <string>
#include <utility>
#include <vector>

#include "weights/pickle.h"
#include "weights/weights.h"

namespace solstice {

/// The named tensors (kTensor) of what torch.save wrote: the dict itself where it has tensors, else
/// the dict under `params_ema`, `params` or `state_dict` (in this order), else the only one that
/// has tensors. What is no tensor is left out; `notes` says what was taken and what was left.
/// Throws Error(kWeights) when there is no tensor, no single choice, or a name occurs twice.
std::vector<std::pair<std::string, const PickleValue*>> find_state_dict(
    const PickleValue& root, std::vector<std::string>& notes);

/// Drops `module.` and `_orig_mod.` from the front of all names, as often as all have one.
void drop_common_prefixes(WeightFile& weights);

}  // namespace solstice
