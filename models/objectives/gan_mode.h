#pragma once

#include <array>
#include <span>

#include "core/names.h"

namespace solstice {

enum class GanMode { kVanilla, kLsgan };
inline constexpr std::array<Name<GanMode>, 2> kGanModeNames{
    {{"vanilla", GanMode::kVanilla}, {"lsgan", GanMode::kLsgan}}};
constexpr std::span<const Name<GanMode>> name_table(GanMode) { return kGanModeNames; }

}  // namespace solstice
