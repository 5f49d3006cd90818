#pragma once

#include <span>
#include <string_view>

namespace solstice {

/// One spelling of the Python reference (today's or an older one) and what it means here. For a
/// flag without a value, `value` is what it sets.
struct Alias {
  std::string_view reference;  ///< without dashes: "lambda_L1"
  std::string_view name;       ///< ours: "lambda-l1"
  std::string_view value;      ///< "" when the flag takes its own value
};
std::span<const Alias> aliases();

}  // namespace solstice
