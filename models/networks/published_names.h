#pragma once

#include <string>

#include "models/networks/networks.h"

namespace solstice {

/// Gives the tensors of published files of networks that are known here under other names ours:
/// ESRGAN's before BasicSR ("model.1.sub.0.RDB1.conv1.0", "RRDB_trunk.0.RDB1.conv1"), and BasicSR's
/// EDSR, whose means are added. Returns what was done ("names of ... taken for ours"), empty for
/// all other files, which stay as they are. Throws Error(kWeights) when two tensors would have one
/// name.
std::string rename_published(TensorList& tensors);

}  // namespace solstice
