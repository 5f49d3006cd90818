#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "core/options.h"

namespace solstice {

/// The fields as a JSON object in field order, with JSON's own types for switches and numbers.
nlohmann::ordered_json to_json(const std::vector<Field>& fields);

/// Sets the fields that `object` has; keys without a field are ignored, since a newer version may
/// have written them. Throws Error(kUsage) for a value that does not fit its field.
void from_json(const std::vector<Field>& fields, const nlohmann::ordered_json& object);

}  // namespace solstice
