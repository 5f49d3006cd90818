#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>

namespace solstice {

/// What one user of a MemoryBudget has taken.
struct MemoryShare {
  int64_t held = 0;
  int64_t working = 0;  ///< needed for a while, by few users at a time: the largest count
};

/// Bounds the bytes of everything in flight: the sum of what is held plus the largest working
/// needs. Safe from any thread.
class MemoryBudget {
 public:
  /// A limit of 0 is no limit. `workers` users work at the same time.
  explicit MemoryBudget(int64_t limit, int64_t workers = 1) : limit_(limit), workers_(workers) {}

  /// Waits until the share fits. It always fits when nothing else is taken, whatever its size.
  void take(const MemoryShare& share);

  /// Changes a taken share for a smaller one.
  void shrink(const MemoryShare& from, const MemoryShare& to);

  /// Gives a taken share back.
  void give_back(const MemoryShare& share);

  int64_t peak_bytes() const;
  int64_t peak_users() const;

 private:
  int64_t total_with(const MemoryShare& share) const;

  const int64_t limit_;
  const int64_t workers_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int64_t held_ = 0;
  std::multiset<int64_t> working_;  ///< one entry a user
  int64_t peak_bytes_ = 0;
  int64_t peak_users_ = 0;
};

}  // namespace solstice
