#include "pipelines/pipeline.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <new>
#include <thread>

#include "core/stop.h"
#include "pipelines/caller_queue.h"
#include "pipelines/memory_budget.h"

namespace solstice {
namespace {

using Clock = std::chrono::steady_clock;

/// An item on its way, with the share of the budget it has taken.
struct Ticket {
  std::unique_ptr<Item> item;
  MemoryShare share;
  bool taken = false;
};
using TicketPtr = std::unique_ptr<Ticket>;

/// Adds the time it lives to a sum that several threads add to.
class BusyTimer {
 public:
  explicit BusyTimer(std::atomic<int64_t>& sum) : sum_(sum), start_(Clock::now()) {}
  ~BusyTimer() { sum_ += (Clock::now() - start_) / std::chrono::nanoseconds(1); }
  BusyTimer(const BusyTimer&) = delete;
  BusyTimer& operator=(const BusyTimer&) = delete;

 private:
  std::atomic<int64_t>& sum_;
  Clock::time_point start_;
};

/// One run. Bodies of filters never throw: oneTBB would lose the items in flight.
class Run {
 public:
  Run(const PipelineOptions& options, const std::function<std::unique_ptr<Item>()>& source,
      const std::vector<Stage>& stages, const std::function<void(Item&)>& finish);

  PipelineResult run();

 private:
  void run_filters();
  TicketPtr next(tbb::flow_control& control);
  std::unique_ptr<Item> next_item();
  bool must_stop();
  void work(size_t index, Ticket& ticket);
  void finish(Ticket& ticket);
  void keep_error();

  const std::function<std::unique_ptr<Item>()>& source_;
  const std::vector<Stage>& stages_;
  const std::function<void(Item&)>& finish_;
  const std::string source_name_;
  const int64_t threads_;
  MemoryBudget budget_;
  CallerQueue caller_;
  std::vector<std::atomic<int64_t>> busy_;  ///< nanoseconds; the source's, then the stages'
  std::atomic<bool> ending_{false};
  std::atomic<bool> stopped_{false};
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

Run::Run(const PipelineOptions& options, const std::function<std::unique_ptr<Item>()>& source,
         const std::vector<Stage>& stages, const std::function<void(Item&)>& finish)
    : source_(source),
      stages_(stages),
      finish_(finish),
      source_name_(options.source_name),
      threads_(options.threads > 0 ? options.threads
                                   : std::max<int64_t>(1, std::thread::hardware_concurrency())),
      budget_(options.memory_bytes),
      busy_(stages.size() + 1) {}

void Run::keep_error() {
  ending_ = true;
  const std::lock_guard lock(error_mutex_);
  if (!error_) error_ = std::current_exception();
}

bool Run::must_stop() {
  if (stop_signal() != 0) stopped_ = true;
  return stopped_ || ending_;
}

std::unique_ptr<Item> Run::next_item() {
  const BusyTimer timer(busy_[0]);
  try {
    return source_();
  } catch (...) {
    keep_error();
    return nullptr;
  }
}

TicketPtr Run::next(tbb::flow_control& control) {
  auto ticket = std::make_unique<Ticket>();
  if (!must_stop()) ticket->item = next_item();
  if (ticket->item && !ticket->item->settled) {
    ticket->share = {ticket->item->held_bytes, ticket->item->working_bytes};
    // May wait. What it waits for can always go on: every other item in flight is carried through
    // the stages by a thread of its own.
    budget_.take(ticket->share);
    ticket->taken = true;
    if (must_stop()) {
      budget_.give_back(ticket->share);
      ticket->item = nullptr;
    }
  }
  if (!ticket->item) control.stop();
  return ticket;
}

void Run::work(size_t index, Ticket& ticket) {
  Item& item = *ticket.item;
  if (item.settled) return;
  {
    const BusyTimer timer(busy_[index + 1]);
    try {
      stages_[index].work(item);
    } catch (const std::bad_alloc&) {
      item.fail("not enough memory");
    } catch (const std::exception& error) {
      item.fail(error.what());
    } catch (...) {
      item.fail("failed for an unknown reason");
    }
    if (!item.failure.empty()) {
      item.failed_stage = stages_[index].name;
      item.discard();
      item.held_bytes = item.working_bytes = 0;
    }
  }
  if (item.ends_run) ending_ = true;
  const MemoryShare now{std::min(ticket.share.held, item.held_bytes),
                        std::min(ticket.share.working, item.working_bytes)};
  budget_.shrink(ticket.share, now);
  ticket.share = now;
}

void Run::finish(Ticket& ticket) {
  try {
    finish_(*ticket.item);
  } catch (...) {
    keep_error();
  }
  ticket.item.reset();
  if (ticket.taken) budget_.give_back(ticket.share);
}

void Run::run_filters() {
  auto chain = tbb::make_filter<void, TicketPtr>(
      tbb::filter_mode::serial_in_order,
      [this](tbb::flow_control& control) { return next(control); });
  for (size_t i = 0; i < stages_.size(); ++i) {
    const bool on_caller = stages_[i].kind == StageKind::kCaller;
    // Threads that wait for the caller queue up, so that it goes from one item to the next at once.
    chain = chain & tbb::make_filter<TicketPtr, TicketPtr>(
                        tbb::filter_mode::parallel, [this, i, on_caller](TicketPtr ticket) {
                          if (on_caller && !ticket->item->settled) {
                            caller_.run([&] { work(i, *ticket); });
                          } else {
                            work(i, *ticket);
                          }
                          return ticket;
                        });
  }
  const auto whole =
      chain & tbb::make_filter<TicketPtr, void>(tbb::filter_mode::serial_in_order,
                                                [this](TicketPtr ticket) { finish(*ticket); });
  // One thread may wait in the source for memory, and one is most often with the caller.
  const auto threads = static_cast<size_t>(threads_) + 2;
  const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
  tbb::task_arena arena(static_cast<int>(threads));
  arena.execute([&] { tbb::parallel_pipeline(2 * static_cast<size_t>(threads_) + 2, whole); });
}

PipelineResult Run::run() {
  const auto start = Clock::now();
  std::thread filters([this] {
    try {
      run_filters();
    } catch (...) {
      keep_error();
    }
    caller_.close();
  });
  caller_.serve();
  filters.join();
  if (error_) std::rethrow_exception(error_);

  PipelineResult result;
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  result.stopped = stopped_;
  result.peak_items = budget_.peak_users();
  result.peak_bytes = budget_.peak_bytes();
  for (size_t i = 0; i < busy_.size(); ++i) {
    const bool parallel = i > 0 && stages_[i - 1].kind == StageKind::kParallel;
    const double seconds = static_cast<double>(busy_[i]) * 1e-9;
    const double available = result.seconds * static_cast<double>(parallel ? threads_ : 1);
    result.stages.push_back({i == 0 ? source_name_ : stages_[i - 1].name, seconds,
                             available > 0 ? seconds / available : 0});
  }
  return result;
}

}  // namespace

PipelineResult run_pipeline(const PipelineOptions& options,
                            const std::function<std::unique_ptr<Item>()>& source,
                            const std::vector<Stage>& stages,
                            const std::function<void(Item&)>& finish) {
  return Run(options, source, stages, finish).run();
}

std::string bottleneck(const std::vector<StageTime>& stages) {
  const auto busiest =
      std::max_element(stages.begin(), stages.end(),
                       [](const StageTime& a, const StageTime& b) { return a.busy < b.busy; });
  return busiest == stages.end() ? "" : busiest->name;
}

}  // namespace solstice
