#include "pipelines/caller_queue.h"

namespace solstice {

void CallerQueue::run(void* subject, const Work& work) {
  Job job{subject, &work};
  std::unique_lock lock(mutex_);
  jobs_.push_back(&job);
  arrived_.notify_one();
  finished_.wait(lock, [&] { return job.done; });
}

std::vector<CallerQueue::Job*> CallerQueue::next_jobs(size_t most) {
  std::vector<Job*> taken;
  while (taken.size() < most && !jobs_.empty() &&
         (taken.empty() || jobs_.front()->work == taken.front()->work)) {
    taken.push_back(jobs_.front());
    jobs_.pop_front();
  }
  return taken;
}

void CallerQueue::serve(size_t most) {
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const std::vector<Job*> taken = next_jobs(most);
    lock.unlock();
    std::vector<void*> subjects;
    for (const Job* job : taken) subjects.push_back(job->subject);
    (*taken.front()->work)(subjects);
    lock.lock();
    for (Job* job : taken) job->done = true;
    finished_.notify_all();
  }
}

void CallerQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  arrived_.notify_all();
}

}  // namespace solstice
