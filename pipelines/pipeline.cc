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
#include "pipelines/busy_timer.h"
#include "pipelines/caller_queue.h"
#include "pipelines/memory_budget.h"

namespace solstice {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kWaitingForLast = 16;

/// How long an item waits for others at most, while items come.
constexpr auto kLongestGathering = std::chrono::milliseconds(20);

/// An item on its way, with the share of the budget it has taken.
struct Ticket {
  std::unique_ptr<Item> item;
  MemoryShare share;
  bool taken = false;
};
using TicketPtr = std::unique_ptr<Ticket>;

/// The threads of the parallel stages may be more than the processors.
BusyTimer::Clock clock_of(StageKind kind) {
  return kind == StageKind::kParallel ? BusyTimer::Clock::kProcessor : BusyTimer::Clock::kWall;
}

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
  int64_t threads_of(StageKind kind) const;
  void work_on_caller(size_t index, const std::vector<void*>& tickets);
  void work_on_all(size_t index, const std::vector<void*>& tickets);
  bool work_together(size_t index, const std::vector<void*>& tickets);
  void settle(size_t index, Ticket& ticket);
  void gather(TicketPtr ticket);
  void finish_gathered();
  void finish(Item& item);
  void keep_error();

  const std::function<std::unique_ptr<Item>()>& source_;
  const std::vector<Stage>& stages_;
  const std::function<void(Item&)>& finish_;
  const std::string source_name_;
  const PipelineOptions& options_;
  /// Index of the kLast stage; the number of stages where there is none.
  const size_t last_;
  const int64_t threads_;
  /// Of all stages but the callers'. One may wait in the source for memory, and one is most often
  /// with each caller, or waits for the disk. More would idle, which oneTBB's do busily: seven in
  /// place of four on two processors cost 3 % of small photos.
  const int64_t all_threads_;
  MemoryBudget budget_;
  CallerQueue caller_;
  std::vector<CallerQueue::Work> caller_work_;  ///< of each stage
  std::vector<std::atomic<int64_t>> busy_;      ///< nanoseconds; the source's, then the stages'
  std::vector<TicketPtr> gathered_;             ///< the last filter's
  Clock::time_point last_finish_ = Clock::now();
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
      options_(options),
      last_(stages.size() - (stages.empty() || stages.back().kind != StageKind::kLast ? 0 : 1)),
      threads_(options.threads > 0 ? options.threads
                                   : std::max<int64_t>(1, std::thread::hardware_concurrency())),
      all_threads_(threads_ + 1 + (options.callers > 0 ? options.callers * options.together : 1)),
      budget_(options.memory_bytes,
              options.callers > 0 ? options.callers * options.together : all_threads_),
      busy_(stages.size() + 1) {
  for (size_t i = 0; i < stages.size(); ++i) {
    caller_work_.push_back(
        [this, i](const std::vector<void*>& tickets) { work_on_caller(i, tickets); });
  }
}

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
  if (!ticket.item || ticket.item->settled) return;
  Item& item = *ticket.item;
  {
    const BusyTimer timer(busy_[index + 1], clock_of(stages_[index].kind));
    attempt(item, [&] { stages_[index].work(item); });
  }
  settle(index, ticket);
}

int64_t Run::threads_of(StageKind kind) const {
  switch (kind) {
    case StageKind::kParallel:
      return threads_;
    case StageKind::kDisk:
      return all_threads_;
    case StageKind::kCaller:
      return options_.callers;
    case StageKind::kLast:
      break;
  }
  return 1;
}

/// A stop does not wait for all who queue up here: a caller's stage takes longest by far.
void Run::work_on_caller(size_t index, const std::vector<void*>& tickets) {
  if (must_stop()) {
    for (void* ticket : tickets) static_cast<Ticket*>(ticket)->item.reset();
    return;
  }
  work_on_all(index, tickets);
}

void Run::work_on_all(size_t index, const std::vector<void*>& tickets) {
  if (tickets.size() > 1 && work_together(index, tickets)) return;
  for (void* ticket : tickets) work(index, *static_cast<Ticket*>(ticket));
}

/// False when it failed, and each is to be done alone.
bool Run::work_together(size_t index, const std::vector<void*>& tickets) {
  std::vector<Item*> items;
  for (void* ticket : tickets) items.push_back(static_cast<Ticket*>(ticket)->item.get());
  const BusyTimer timer(busy_[index + 1], clock_of(stages_[index].kind));
  try {
    stages_[index].work_together(items);
  } catch (...) {
    return false;
  }
  for (void* ticket : tickets) settle(index, *static_cast<Ticket*>(ticket));
  return true;
}

void Run::settle(size_t index, Ticket& ticket) {
  Item& item = *ticket.item;
  if (!item.failure.empty()) {
    item.failed_stage = stages_[index].name;
    item.discard();
    item.held_bytes = item.working_bytes = 0;
  }
  if (item.ends_run) ending_ = true;
  if (!ticket.taken) return;
  const MemoryShare now{std::min(ticket.share.held, item.held_bytes),
                        std::min(ticket.share.working, item.working_bytes)};
  budget_.shrink(ticket.share, now);
  ticket.share = now;
}

/// Items that come slowly are finished one by one, as they come. A failure may have to end the run:
/// it is told of at once.
void Run::gather(TicketPtr ticket) {
  // Before it waits for others, which may wait for its share.
  if (ticket->taken) budget_.give_back(ticket->share);
  ticket->taken = false;
  const bool failed = ticket->item && !ticket->item->failure.empty();
  if (ticket->item) gathered_.push_back(std::move(ticket));
  const bool is_full = static_cast<int64_t>(gathered_.size()) >= options_.last_together;
  if (failed || is_full || Clock::now() - last_finish_ >= kLongestGathering) finish_gathered();
}

void Run::finish_gathered() {
  std::vector<void*> tickets;
  for (const TicketPtr& ticket : gathered_) {
    if (!ticket->item->settled) tickets.push_back(ticket.get());
  }
  if (last_ < stages_.size()) work_on_all(last_, tickets);
  for (const TicketPtr& ticket : gathered_) finish(*ticket->item);
  gathered_.clear();
  last_finish_ = Clock::now();
}

void Run::finish(Item& item) {
  try {
    finish_(item);
  } catch (...) {
    keep_error();
  }
}

void Run::run_filters() {
  auto chain = tbb::make_filter<void, TicketPtr>(
      tbb::filter_mode::serial_in_order,
      [this](tbb::flow_control& control) { return next(control); });
  for (size_t i = 0; i < last_; ++i) {
    const bool on_caller = stages_[i].kind == StageKind::kCaller;
    // Threads that wait for the caller queue up, so that it goes from one item to the next at once.
    chain = chain & tbb::make_filter<TicketPtr, TicketPtr>(
                        tbb::filter_mode::parallel, [this, i, on_caller](TicketPtr ticket) {
                          if (on_caller && ticket->item && !ticket->item->settled) {
                            caller_.run(ticket.get(), caller_work_[i]);
                          } else {
                            work(i, *ticket);
                          }
                          return ticket;
                        });
  }
  const auto whole = chain & tbb::make_filter<TicketPtr, void>(
                                 tbb::filter_mode::serial_in_order,
                                 [this](TicketPtr ticket) { gather(std::move(ticket)); });
  const auto threads = static_cast<size_t>(all_threads_);
  // Those that wait behind the last stage, while it waits for the disk, hold little.
  const size_t items =
      threads + static_cast<size_t>(threads_) + (last_ < stages_.size() ? kWaitingForLast : 0);
  const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
  tbb::task_arena arena(static_cast<int>(threads));
  arena.execute([&] { tbb::parallel_pipeline(items, whole); });
  finish_gathered();
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
  const auto together = static_cast<size_t>(options_.together);
  std::vector<std::thread> callers;
  for (int64_t i = 1; i < options_.callers; ++i) {
    callers.emplace_back([&] {
      if (options_.prepare_caller) options_.prepare_caller();
      caller_.serve(together);
    });
  }
  caller_.serve(together);
  for (std::thread& caller : callers) caller.join();
  filters.join();
  if (error_) std::rethrow_exception(error_);

  PipelineResult result;
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  result.stopped = stopped_;
  result.peak_items = budget_.peak_users();
  result.peak_bytes = budget_.peak_bytes();
  for (size_t i = 0; i < busy_.size(); ++i) {
    const int64_t threads = i == 0 ? 1 : threads_of(stages_[i - 1].kind);
    const double seconds = static_cast<double>(busy_[i]) * 1e-9;
    const double available = result.seconds * static_cast<double>(threads);
    result.stages.push_back({i == 0 ? source_name_ : stages_[i - 1].name, seconds,
                             available > 0 ? seconds / available : 0});
  }
  return result;
}

}  // namespace

void attempt(Item& item, const std::function<void()>& step) {
  try {
    step();
  } catch (const std::bad_alloc&) {
    item.fail("not enough memory");
  } catch (const std::exception& error) {
    item.fail(error.what());
  } catch (...) {
    item.fail("failed for an unknown reason");
  }
}

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
