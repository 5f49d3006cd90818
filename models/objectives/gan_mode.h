#pragma once

#include <array>
#include <span>

#include "core/names.h"

namespace solstice {

enum class GanMode { kVanilla, kLsgan, kWgangp, kHinge };
inline constexpr std::array<Name<GanMode>, 4> kGanModeNames{{{"vanilla", GanMode::kVanilla},
                                                             {"lsgan", GanMode::kLsgan},
                                                             {"wgangp", GanMode::kWgangp},
                                                             {"hinge", GanMode::kHinge}}};
constexpr std::span<const Name<GanMode>> name_table(GanMode) { return kGanModeNames; }

}  // namespace solstice
