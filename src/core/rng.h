#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>

namespace solstice {

/// A small random generator (xoshiro256++, Blackman and Vigna 2019, seeded through splitmix64)
/// whose results are the same on every platform, unlike those of <random>'s distributions. Made
/// afresh from what a result may depend on, for example Rng({seed, epoch, index}), so that results
/// do not depend on which thread drew first.
class Rng {
 public:
  explicit Rng(std::initializer_list<uint64_t> key);

  uint64_t next();

  /// Uniform in [0, bound); bound > 0.
  int64_t below(int64_t bound);

  /// Uniform in [0, 1).
  double uniform();

  /// Uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// True with the given probability.
  bool chance(double probability) { return uniform() < probability; }

  /// Fisher-Yates, in place.
  template <class T>
  void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<size_t>(below(static_cast<int64_t>(i)))]);
    }
  }

 private:
  std::array<uint64_t, 4> state_{};
};

}  // namespace solstice
