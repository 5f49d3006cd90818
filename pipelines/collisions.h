#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace solstice {

/// An input and its result.
struct NamedResult {
  std::string input;
  std::string output;
  std::string second_input{};  ///< of a result that is made from two; empty: none
};

/// What the message of a collision ends with.
struct CollisionAdvice {
  const char* overwritten = "choose another --out or --name";
  const char* shared = "choose another --format or --name, or translate them apart";
};

/// Throws Error(kUsage) when two of the inputs have one result or a result is one of the inputs,
/// whatever links lead there; all are counted, the first is named. Takes 32 bytes a file, 48 of two
/// inputs.
void check_collisions(size_t count, const std::function<NamedResult(size_t)>& named,
                      const CollisionAdvice& advice = {});

}  // namespace solstice
