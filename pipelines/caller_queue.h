#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace solstice {

/// Work that other threads hand to the one thread that serves it. A model runs best there: LibTorch
/// keeps a team of compute threads for every thread that calls it.
class CallerQueue {
 public:
  /// Hands `work` (which must not throw) to the serving thread and waits until it is done.
  void run(const std::function<void()>& work);

  /// Does the work handed in, until close().
  void serve();

  /// Lets serve() return. No run() may be waiting.
  void close();

 private:
  struct Job {
    const std::function<void()>* work;
    bool done = false;
  };

  std::mutex mutex_;
  std::condition_variable arrived_, finished_;
  std::deque<Job*> jobs_;
  bool closed_ = false;
};

}  // namespace solstice
