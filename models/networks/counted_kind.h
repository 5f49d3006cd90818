#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/message.h"

namespace solstice {

/// A family of networks whose names tell how many of something they have: "resnet_9blocks".
struct CountedKind {
  std::string_view prefix, suffix;

  static constexpr int64_t kMost = 99;

  std::string name(int64_t count) const { return message(prefix, count, suffix); }

  /// The number in a name of this family, from 1 to kMost; nothing for any other name.
  std::optional<int64_t> count(std::string_view kind) const {
    if (!kind.starts_with(prefix) || !kind.ends_with(suffix)) return std::nullopt;
    for (int64_t count = 1; count <= kMost; ++count) {
      if (kind == name(count)) return count;
    }
    return std::nullopt;
  }
};

}  // namespace solstice
