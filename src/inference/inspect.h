#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace solstice {

/// What a model, run or weight file is: file, format, bytes, tensors, parameters, and (when it is a
/// known generator) kind, norm, channels, blocks, dropout, scale, plus where that was learned from
/// (metadata or tensor names) and the metadata itself. A weight file that is no known generator is
/// described by its tensors and the reason. Throws Error(kWeights) when it cannot be read at all.
nlohmann::ordered_json inspect_model(const std::string& path);

}  // namespace solstice
