#include "training/schedule.h"

#include <algorithm>
#include <cmath>

namespace solstice {
namespace {

constexpr double kPlateauFactor = 0.2;
constexpr double kPlateauThreshold = 0.01;
constexpr int64_t kPlateauPatience = 5;

}  // namespace

double rate_factor(const ScheduleOptions& options, int64_t epoch) {
  switch (options.schedule) {
    case Schedule::kLinear: {
      const auto past = static_cast<double>(std::max<int64_t>(0, epoch - options.epochs));
      return 1 - past / static_cast<double>(options.epochs_decay + 1);
    }
    case Schedule::kStep:
      return std::pow(0.1, static_cast<double>((epoch - 1) / options.decay_every));
    case Schedule::kCosine: {
      const auto all = static_cast<double>(options.epochs + options.epochs_decay);
      return (1 + std::cos(M_PI * static_cast<double>(epoch - 1) / std::max(1.0, all))) / 2;
    }
    case Schedule::kPlateau:
    case Schedule::kConstant:
    case Schedule::kOneCycle:
      return 1;
  }
  return 1;
}

double one_cycle_factor(int64_t step, int64_t steps) {
  constexpr double kStart = 1.0 / 25, kEnd = kStart * 1e-4;
  const double peak = 0.3 * static_cast<double>(steps) - 1;
  const double now = static_cast<double>(step - 1);
  const auto between = [](double from, double to, double share) {
    return to + (from - to) / 2 * (1 + std::cos(M_PI * std::clamp(share, 0.0, 1.0)));
  };
  if (now <= peak) return between(kStart, 1, now / peak);
  return between(1, kEnd, (now - peak) / std::max(1.0, static_cast<double>(steps - 1) - peak));
}

void Plateau::look(double metric) {
  const bool first = looks_++ == 0;
  const bool improved = better_ == Better::kLower ? metric < best_ * (1 - kPlateauThreshold)
                                                  : metric > best_ * (1 + kPlateauThreshold);
  if (first || improved) {
    best_ = metric;
    bad_ = 0;
    return;
  }
  if (++bad_ > kPlateauPatience) {
    factor_ *= kPlateauFactor;
    bad_ = 0;
  }
}

void Plateau::set_state(const State& state) {
  factor_ = state.factor;
  best_ = state.best;
  looks_ = state.looks;
  bad_ = state.bad;
}

}  // namespace solstice
