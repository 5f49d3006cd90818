#include "pipelines/caller_queue.h"

namespace solstice {

void CallerQueue::run(const std::function<void()>& work) {
  Job job{&work};
  std::unique_lock lock(mutex_);
  jobs_.push_back(&job);
  arrived_.notify_one();
  finished_.wait(lock, [&] { return job.done; });
}

void CallerQueue::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job* job = jobs_.front();
    jobs_.pop_front();
    lock.unlock();
    (*job->work)();
    lock.lock();
    job->done = true;
    finished_.notify_all();
  }
}

void CallerQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  arrived_.notify_one();
}

}  // namespace solstice
