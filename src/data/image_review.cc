#include "data/image_review.h"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "core/error.h"

namespace solstice {

ImageReview review_images(const Dataset& dataset, int64_t workers, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> looked_at{0};
  std::mutex mutex;
  std::map<int64_t, DataProblem> found;
  const auto work = [&](int64_t) {
    while (Clock::now() < deadline) {
      const int64_t index = next++;
      if (index >= dataset.size()) return;
      try {
        (void)dataset.get_centre(index);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kInput) throw;
        const std::lock_guard lock(mutex);
        found.emplace(index, DataProblem{dataset.name(index), error.what()});
      }
      ++looked_at;
    }
  };
  const int64_t threads = std::max<int64_t>(workers, 1);
  tbb::task_arena arena(static_cast<int>(threads));
  arena.execute([&] { tbb::parallel_for(int64_t{0}, threads, work); });
  ImageReview review{{}, looked_at};
  std::set<std::string> reported;
  for (auto& [index, problem] : found) {
    if (reported.insert(problem.what).second) review.problems.push_back(std::move(problem));
  }
  return review;
}

}  // namespace solstice
