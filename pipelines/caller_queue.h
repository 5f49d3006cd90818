#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace solstice {

/// Work that many threads hand to the few threads that serve it. A model runs best there: LibTorch
/// keeps a team of compute threads for every thread that calls it.
class CallerQueue {
 public:
  /// Work on some of what was handed in; must not throw.
  using Work = std::function<void(const std::vector<void*>&)>;

  /// Hands `subject` to a serving thread, with what is to be done with it, and waits until it is
  /// done. Subjects that wait with the same `work` may be done together.
  void run(void* subject, const Work& work);

  /// Does the work handed in, until close(): up to `most` subjects at a time. Any number of threads
  /// may serve.
  void serve(size_t most);

  /// Lets serve() return. No run() may be waiting.
  void close();

 private:
  struct Job {
    void* subject;
    const Work* work;
    bool done = false;
  };
  std::vector<Job*> next_jobs(size_t most);

  std::mutex mutex_;
  std::condition_variable arrived_, finished_;
  std::deque<Job*> jobs_;
  bool closed_ = false;
};

}  // namespace solstice
