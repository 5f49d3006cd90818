#include "pipelines/memory_budget.h"

#include <algorithm>

namespace solstice {

int64_t MemoryBudget::total_with(const MemoryShare& share) const {
  int64_t working = 0, workers = workers_;
  bool is_counted = false;
  for (auto it = working_.rbegin(); workers > 0; --workers) {
    if (!is_counted && (it == working_.rend() || share.working >= *it)) {
      working += share.working;
      is_counted = true;
    } else if (it != working_.rend()) {
      working += *it++;
    }
  }
  return held_ + share.held + working;
}

void MemoryBudget::take(const MemoryShare& share) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock,
                [&] { return working_.empty() || limit_ == 0 || total_with(share) <= limit_; });
  peak_bytes_ = std::max(peak_bytes_, total_with(share));
  held_ += share.held;
  working_.insert(share.working);
  peak_users_ = std::max(peak_users_, static_cast<int64_t>(working_.size()));
}

void MemoryBudget::shrink(const MemoryShare& from, const MemoryShare& to) {
  {
    const std::lock_guard lock(mutex_);
    held_ += to.held - from.held;
    working_.erase(working_.find(from.working));
    working_.insert(to.working);
  }
  changed_.notify_one();
}

void MemoryBudget::give_back(const MemoryShare& share) {
  {
    const std::lock_guard lock(mutex_);
    held_ -= share.held;
    working_.erase(working_.find(share.working));
  }
  changed_.notify_one();
}

int64_t MemoryBudget::peak_bytes() const {
  const std::lock_guard lock(mutex_);
  return peak_bytes_;
}

int64_t MemoryBudget::peak_users() const {
  const std::lock_guard lock(mutex_);
  return peak_users_;
}

}  // namespace solstice
