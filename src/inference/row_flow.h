#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "inference/prepared_conv.h"
#include "models/networks/layer_graph.h"

namespace solstice {

/// What one step of a pass makes of every node.
struct FlowStep {
  std::vector<Rows> fresh;           ///< count 0: nothing
  std::vector<int64_t> kept_from;    ///< the first row that a later step reads
  std::vector<size_t> last_readers;  ///< of this step, of what each node has; 0: none
};

/// The order in which a pass makes the rows of a node, `target`, and of those that lead to it from
/// planes that are at hand, so that every row is made once and little is held at a time. A network
/// of hundreds of layers sees hundreds of rows beyond its own: the first layers go ahead of the
/// last ones by that much, in steps of no more rows than a strip has.
class RowFlow {
 public:
  /// `heights` of the nodes' planes; `most` rows of a node's plane in one step. Refers to `graph`
  /// and `heights`.
  RowFlow(const LayerGraph& graph, const std::vector<int64_t>& heights, size_t target,
          const std::vector<bool>& at_hand, const std::function<int64_t(size_t)>& most);

  /// The next step towards the target's rows up to `end`, which it makes all at once in the last.
  FlowStep step(int64_t end);

  /// Rows of the target that have been made.
  int64_t made() const { return made_[target_]; }

 private:
  std::vector<int64_t> wanted(int64_t end) const;
  bool suffices(size_t node, int64_t end) const;
  int64_t possible(size_t node, int64_t wanted) const;
  std::vector<int64_t> kept_from() const;

  const LayerGraph& graph_;
  const std::vector<int64_t>& heights_;
  size_t target_;
  std::vector<std::vector<size_t>> inputs_, addends_;  ///< of each node, those made in this pass
  std::vector<int64_t> most_;
  std::vector<int64_t> made_;
};

}  // namespace solstice
