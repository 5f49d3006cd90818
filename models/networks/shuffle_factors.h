#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/message.h"

namespace solstice {

/// The factors of the pixel shuffles that make up a scale of 1, 2, 3, 4 or 8. Throws Error(kUsage)
/// that names `kind` for any other.
inline std::vector<int64_t> shuffle_factors(const std::string& kind, int64_t scale) {
  if (scale == 1) return {};
  if (scale == 2 || scale == 3) return {scale};
  if (scale == 4) return {2, 2};
  if (scale == 8) return {2, 2, 2};
  throw Error(ErrorKind::kUsage, message("--scale ", scale, ": ", kind, " has 1, 2, 3, 4 and 8"));
}

}  // namespace solstice
