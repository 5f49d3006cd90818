#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace solstice {

/// What travels through a pipeline; each flow derives its own. An item that is settled (it failed,
/// or there is nothing to do for it) passes the remaining stages untouched and reaches finish().
struct Item {
  virtual ~Item() = default;

  /// Frees what is large. Called once an item has failed.
  virtual void discard() {}

  bool settled = false;
  std::string failure;       ///< why it failed, without the name of the file; empty: it did not
  std::string failed_stage;  ///< name of the stage that failed
  bool ends_run = false;     ///< the failure would be every item's (a full disk): begin no more

  /// Bytes the item holds, and bytes that one stage will need on top of them for a while. Set by
  /// the source; a stage lowers them when it has freed what they stood for.
  int64_t held_bytes = 0;
  int64_t working_bytes = 0;

  void fail(const std::string& why) { failure = why, settled = true; }
};

/// Does a step of an item's; what it throws becomes the failure of the item, and of no other.
void attempt(Item& item, const std::function<void()>& step);

enum class StageKind {
  kParallel,  ///< items on PipelineOptions::threads threads
  kDisk,      ///< waits for a disk more than it computes: beside the threads of the parallel stages
  kCaller,    ///< on one of a few threads, the first of which called run_pipeline
  kLast,      ///< after all others, in the source's order; waits for a disk
};

/// A step of a flow. What `work` throws becomes the failure of its item, and of no other.
struct Stage {
  std::string name;
  StageKind kind = StageKind::kParallel;
  std::function<void(Item&)> work;
  /// Several items at once, where that is faster: of a kCaller stage those that wait, of the kLast
  /// stage those that came quickly after each other. When it throws, each is done again by `work`.
  /// Empty where PipelineOptions says 1.
  std::function<void(std::span<Item* const>)> work_together = {};
};

/// A stage for the flow's own type of item.
template <class FlowItem>
Stage make_stage(std::string name, StageKind kind, std::function<void(FlowItem&)> work) {
  return {std::move(name),
          kind,
          [work = std::move(work)](Item& item) { work(static_cast<FlowItem&>(item)); },
          {}};
}

struct PipelineOptions {
  std::string source_name = "read";
  int64_t threads = 0;        ///< for the parallel stages; 0: one per processor
  int64_t memory_bytes = 0;   ///< bound on the bytes of the items in flight; 0: none
  int64_t callers = 1;        ///< threads of the kCaller stages; 0 where there are none
  int64_t together = 1;       ///< items that a caller's work_together is given at most
  int64_t last_together = 1;  ///< items that the kLast stage's work_together is given at most
  /// Called once on each further caller thread before it works.
  std::function<void()> prepare_caller = {};
};

/// How long the stages worked, added over their threads: parallel stages by processor time, since
/// their threads may be more than the processors. `busy` is the share of what they could
/// have worked: of the run for the source, of the run times the threads of its kind for a stage.
struct StageTime {
  std::string name;
  double seconds = 0;
  double busy = 0;
};

struct PipelineResult {
  std::vector<StageTime> stages;  ///< the source first
  double seconds = 0;
  bool stopped = false;    ///< by a signal, before the source was empty
  int64_t peak_items = 0;  ///< most items in flight at once
  int64_t peak_bytes = 0;  ///< most bytes in flight at once, as items declared them
};

/// Runs every item of `source` (until it gives nullptr) through the stages, overlapped, and hands
/// each to `finish` in the source's order, failed or not; a kLast stage ends the stages. `source`
/// and `finish` are called by one thread at a time. Items in flight are bounded in number and by
/// `memory_bytes`: held bytes of all plus the largest working bytes of any; a single item is always
/// let in. After a signal (core/stop.h) or an item that ends the run, what is being worked on is
/// finished and no more is begun: items that were only just read, and those that wait for a caller,
/// are dropped. What `source` or `finish` throws ends the run likewise and is thrown to the caller
/// afterwards.
PipelineResult run_pipeline(const PipelineOptions& options,
                            const std::function<std::unique_ptr<Item>()>& source,
                            const std::vector<Stage>& stages,
                            const std::function<void(Item&)>& finish);

/// The name of the stage with the largest busy share; empty without stages.
std::string bottleneck(const std::vector<StageTime>& stages);

}  // namespace solstice
