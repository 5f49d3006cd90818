#pragma once

#include <cstdint>

namespace solstice {

/// Decides what repeated bad steps lead to. Each is undone already; three in a row halve the
/// learning rate, and after ten halvings without one good step between them there is nothing left
/// to try.
class NanWatch {
 public:
  enum class Answer { kNothing, kUndone, kRateLowered, kGiveUp };

  /// `bad` of the last `steps` steps were undone.
  Answer look(int64_t bad, int64_t steps);

  struct State {
    double rate_factor = 1;     ///< what the learning rate is multiplied by
    int64_t bad_in_row = 0;     ///< since the last good step or halving
    int64_t halved_in_row = 0;  ///< since the last good step
  };
  const State& state() const { return state_; }
  void set_state(const State& state) { state_ = state; }

 private:
  State state_;
};

}  // namespace solstice
