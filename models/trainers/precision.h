#pragma once

#include <array>
#include <span>

#include "core/names.h"

namespace solstice {

/// What convolutions compute in during training. Weights, moments, losses and statistics of norms
/// stay float32; fp16 scales the loss, because its gradients would underflow (Micikevicius 2018).
enum class Precision { kFp32, kBf16, kFp16 };
inline constexpr std::array<Name<Precision>, 3> kPrecisionNames{
    {{"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}, {"fp16", Precision::kFp16}}};
constexpr std::span<const Name<Precision>> name_table(Precision) { return kPrecisionNames; }

}  // namespace solstice
