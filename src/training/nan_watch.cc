#include "training/nan_watch.h"

namespace solstice {
namespace {

constexpr int64_t kBadInRow = 3;
constexpr int64_t kHalvings = 10;

}  // namespace

NanWatch::Answer NanWatch::look(int64_t bad, int64_t steps) {
  if (bad < steps) state_.bad_in_row = state_.halved_in_row = 0;
  if (bad == 0) return Answer::kNothing;
  state_.bad_in_row += bad;
  if (state_.bad_in_row < kBadInRow) return Answer::kUndone;
  state_.bad_in_row = 0;
  if (++state_.halved_in_row > kHalvings) return Answer::kGiveUp;
  state_.rate_factor *= 0.5;
  return Answer::kRateLowered;
}

}  // namespace solstice
