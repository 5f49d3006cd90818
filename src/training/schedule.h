#pragma once

#include <algorithm>
#include <cstdint>

namespace solstice {

/// The reference's linear schedule: full rate for `epochs`, then down in equal parts over
/// `epochs_decay` without ever reaching 0: 1 - max(0, e - epochs) / (epochs_decay + 1) in epoch e,
/// counted from 1.
inline double linear_rate_factor(int64_t epoch, int64_t epochs, int64_t epochs_decay) {
  const auto past = static_cast<double>(std::max<int64_t>(0, epoch - epochs));
  return 1.0 - past / static_cast<double>(epochs_decay + 1);
}

}  // namespace solstice
