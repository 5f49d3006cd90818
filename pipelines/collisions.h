#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace solstice {

/// An input and its result.
struct NamedResult {
  std::string input;
  std::string output;
};

/// Throws Error(kUsage) when two of the inputs have one result or a result is one of the inputs,
/// whatever links lead there; all are counted, the first is named. Takes 32 bytes a file.
void check_collisions(size_t count, const std::function<NamedResult(size_t)>& named);

}  // namespace solstice
