#include "data/loader.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

/// Lets oneTBB have more threads than cores when more workers are asked for (it counts the calling
/// thread, which never works here). Of several controls the smallest rules: none when none is
/// needed.
std::unique_ptr<tbb::global_control> allow_threads(int64_t workers) {
  constexpr auto kThreads = tbb::global_control::max_allowed_parallelism;
  const size_t wanted = static_cast<size_t>(workers) + 1;
  if (wanted <= tbb::global_control::active_value(kThreads)) return nullptr;
  return std::make_unique<tbb::global_control>(kThreads, wanted);
}

}  // namespace

struct Loader::State {
  struct Slot {
    Sample sample;
    std::vector<DataProblem> problems;
    std::exception_ptr error;
  };

  /// A batch in the making. Every slot is filled by one task, on its own; the last one collates.
  struct Job {
    int64_t epoch = 0;
    int64_t first = 0;  ///< position of slot 0 in the epoch's order
    std::shared_ptr<const std::vector<int64_t>> order;
    std::vector<Slot> slots;
    std::atomic<size_t> unfilled{0};
    Batch batch;
    std::exception_ptr error;
    bool done = false;  ///< guarded by the loader's mutex
  };

  State(const Dataset& data, const DataOptions& options, uint64_t the_seed, int64_t first_batch,
        int64_t workers, int64_t ahead);
  ~State();

  void schedule();
  void run_task(Job& job, size_t slot) noexcept;
  void fill(const Job& job, size_t position, Slot& slot) const;
  void finish(Job& job) const;

  const Dataset& dataset;
  const bool shuffle;
  const int64_t batch_size;
  const uint64_t seed;
  const int64_t size;
  const int64_t batches;  ///< per epoch

  // Touched by the thread that calls next() alone.
  int64_t upcoming;
  int64_t order_epoch = -1;
  std::shared_ptr<const std::vector<int64_t>> order;
  std::deque<std::shared_ptr<Job>> jobs;
  std::set<std::string> reported;
  std::vector<DataProblem> failures;
  double waited = 0;

  std::atomic<bool> cancelled{false};
  std::mutex mutex;
  std::condition_variable changed;
  int64_t running = 0;  ///< tasks that may still touch this object; guarded by `mutex`
  const std::unique_ptr<tbb::global_control> threads;
  tbb::task_arena arena;
};

Loader::State::State(const Dataset& data, const DataOptions& options, uint64_t the_seed,
                     int64_t first_batch, int64_t workers, int64_t ahead)
    : dataset(data),
      shuffle(options.shuffle),
      batch_size(options.batch_size),
      seed(the_seed),
      size(data.size()),
      batches((size + batch_size - 1) / batch_size),
      upcoming(first_batch),
      threads(allow_threads(std::max<int64_t>(workers, 1))),
      arena(static_cast<int>(std::max<int64_t>(workers, 1)), 0) {
  if (size == 0) throw Error(ErrorKind::kInput, "the data set has no samples");
  for (int64_t i = 0; i < std::max<int64_t>(ahead, 1); ++i) schedule();
}

Loader::State::~State() {
  cancelled = true;
  std::unique_lock lock(mutex);
  changed.wait(lock, [this] { return running == 0; });
}

void Loader::State::schedule() {
  auto job = std::make_shared<Job>();
  job->epoch = upcoming / batches;
  job->first = upcoming % batches * batch_size;
  if (job->epoch != order_epoch) {
    order =
        std::make_shared<const std::vector<int64_t>>(epoch_order(size, shuffle, seed, job->epoch));
    order_epoch = job->epoch;
  }
  job->order = order;
  job->slots.resize(static_cast<size_t>(std::min(batch_size, size - job->first)));
  job->unfilled = job->slots.size();
  jobs.push_back(job);
  ++upcoming;
  for (size_t slot = 0; slot < job->slots.size(); ++slot) {
    {
      const std::lock_guard lock(mutex);
      ++running;
    }
    arena.enqueue([this, job, slot] { run_task(*job, slot); });
  }
}

void Loader::State::run_task(Job& job, size_t slot) noexcept {
  try {
    if (!cancelled) fill(job, slot, job.slots[slot]);
  } catch (...) {
    job.slots[slot].error = std::current_exception();
  }
  const bool last = job.unfilled.fetch_sub(1) == 1;
  if (last && !cancelled) finish(job);
  // Notified under the lock: the destructor may go on as soon as it is released.
  const std::lock_guard lock(mutex);
  if (last) job.done = true;
  --running;
  changed.notify_all();
}

void Loader::State::fill(const Job& job, size_t position, Slot& slot) const {
  for (int64_t tried = 0; tried < size && !cancelled; ++tried) {
    const int64_t at = (job.first + static_cast<int64_t>(position) + tried) % size;
    const int64_t index = (*job.order)[static_cast<size_t>(at)];
    try {
      Rng rng({seed, static_cast<uint64_t>(job.epoch), static_cast<uint64_t>(index)});
      slot.sample = dataset.get(index, rng);
      return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      slot.problems.push_back({dataset.name(index), error.what()});
    }
  }
  if (slot.problems.empty()) return;  // cancelled
  throw Error(
      ErrorKind::kInput,
      message("not one of the ", size, " samples can be read; the first: ", slot.problems[0].what));
}

void Loader::State::finish(Job& job) const {
  try {
    std::vector<Sample> samples;
    for (Slot& slot : job.slots) {
      if (slot.error) std::rethrow_exception(slot.error);
      samples.push_back(std::move(slot.sample));
    }
    job.batch = collate(samples, dataset.pairing());
  } catch (...) {
    job.error = std::current_exception();
  }
}

Loader::Loader(const Dataset& dataset, const DataOptions& options, uint64_t seed,
               int64_t first_batch, int64_t workers, int64_t ahead)
    : state_(std::make_unique<State>(dataset, options, seed, first_batch, workers, ahead)) {}

Loader::~Loader() = default;

int64_t Loader::batches_per_epoch() const { return state_->batches; }

Batch Loader::next() {
  State& state = *state_;
  const std::shared_ptr<State::Job> job = state.jobs.front();
  const auto start = std::chrono::steady_clock::now();
  {
    std::unique_lock lock(state.mutex);
    state.changed.wait(lock, [&] { return job->done; });
  }
  state.waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  state.jobs.pop_front();
  state.schedule();
  // Taken over here, in the order of the batches, so that they do not depend on the workers.
  for (const State::Slot& slot : job->slots) {
    for (const DataProblem& problem : slot.problems) {
      if (state.reported.insert(problem.what).second) state.failures.push_back(problem);
    }
  }
  if (job->error) std::rethrow_exception(job->error);
  return std::move(job->batch);
}

double Loader::waited_seconds() const { return state_->waited; }

std::vector<DataProblem> Loader::failures() const { return state_->failures; }

}  // namespace solstice
