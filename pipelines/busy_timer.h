#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>

namespace solstice {

/// Adds the time it lives, or what its thread computed in it, to a sum that several threads add to.
class BusyTimer {
 public:
  enum class Clock { kWall, kProcessor };

  explicit BusyTimer(std::atomic<int64_t>& nanoseconds, Clock clock = Clock::kWall)
      : sum_(nanoseconds),
        clock_(clock == Clock::kProcessor ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC),
        start_(now()) {}
  ~BusyTimer() { sum_ += now() - start_; }
  BusyTimer(const BusyTimer&) = delete;
  BusyTimer& operator=(const BusyTimer&) = delete;

 private:
  int64_t now() const {
    timespec time{};
    clock_gettime(clock_, &time);
    return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
  }

  std::atomic<int64_t>& sum_;
  clockid_t clock_;
  int64_t start_;
};

}  // namespace solstice
