#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace solstice {

/// Levels of foreign JSON. Parsing any number of them is safe, but copies, comparisons and dump()
/// go down by recursion, as far as the stack reaches.
inline constexpr int kDeepestJson = 64;

/// The value of a foreign text; discarded (`is_discarded()`) when it is no JSON or goes deeper.
template <class Json>
Json parse_json(std::string_view text) {
  bool too_deep = false;
  const auto check_depth = [&](int depth, auto, const auto&) {
    too_deep = too_deep || depth > kDeepestJson;
    return !too_deep;
  };
  Json json = Json::parse(text, check_depth, false);
  return too_deep ? Json(Json::value_t::discarded) : std::move(json);
}

}  // namespace solstice
