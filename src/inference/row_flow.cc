#include "inference/row_flow.h"

#include <algorithm>

namespace solstice {

RowFlow::RowFlow(const LayerGraph& graph, const std::vector<int64_t>& heights, size_t target,
                 const std::vector<bool>& at_hand, const std::function<int64_t(size_t)>& most)
    : graph_(graph),
      heights_(heights),
      target_(target),
      inputs_(target + 1),
      addends_(target + 1),
      most_(target + 1),
      made_(target + 1) {
  std::vector<bool> leads(target + 1, false);
  leads[target] = true;
  for (size_t i = target; i > 0; --i) {
    if (!leads[i]) continue;
    most_[i] = most(i);
    const auto add = [&](std::vector<size_t>& nodes, size_t node) {
      if (node == 0 || at_hand[node]) return;
      nodes.push_back(node);
      leads[node] = true;
    };
    for (const size_t input : graph[i].inputs) add(inputs_[i], input);
    // A target that normalises is finished later, when its statistics are known.
    if (i == target && graph[i].normalises) continue;
    for (const Addend& addend : graph[i].residuals) add(addends_[i], addend.node);
  }
}

/// How far each node must get.
std::vector<int64_t> RowFlow::wanted(int64_t end) const {
  std::vector<int64_t> wanted(made_);
  wanted[target_] = end;
  for (size_t i = target_; i > 0; --i) {
    if (wanted[i] == made_[i]) continue;
    const Rows rows{made_[i], wanted[i] - made_[i]};
    for (const size_t input : inputs_[i]) {
      wanted[input] = std::max(wanted[input], input_rows(graph_[i], rows, heights_[input]).end());
    }
    for (const size_t addend : addends_[i]) wanted[addend] = std::max(wanted[addend], wanted[i]);
  }
  return wanted;
}

/// Whether what has been made suffices for a node's rows up to `end`.
bool RowFlow::suffices(size_t node, int64_t end) const {
  const Rows rows{made_[node], end - made_[node]};
  return std::ranges::all_of(inputs_[node],
                             [&](size_t input) {
                               return input_rows(graph_[node], rows, heights_[input]).end() <=
                                      made_[input];
                             }) &&
         std::ranges::all_of(addends_[node], [&](size_t addend) { return end <= made_[addend]; });
}

/// How far a node can get, at most up to `wanted`.
int64_t RowFlow::possible(size_t node, int64_t wanted) const {
  if (node != target_ && inputs_[node].empty() && addends_[node].empty()) {
    return std::min(wanted, made_[node] + most_[node]);
  }
  if (suffices(node, wanted)) return wanted;
  if (node == target_) return made_[node];
  int64_t low = made_[node], high = wanted;
  while (low + 1 < high) {
    const int64_t middle = low + (high - low) / 2;
    (suffices(node, middle) ? low : high) = middle;
  }
  return low;
}

std::vector<int64_t> RowFlow::kept_from() const {
  std::vector<int64_t> kept(made_);
  for (size_t i = 1; i <= target_; ++i) {
    const Rows left{made_[i], heights_[i] - made_[i]};
    if (left.count == 0) continue;
    for (const size_t input : inputs_[i]) {
      kept[input] = std::min(kept[input], input_rows(graph_[i], left, heights_[input]).first);
    }
    for (const size_t addend : addends_[i]) kept[addend] = std::min(kept[addend], made_[i]);
  }
  return kept;
}

FlowStep RowFlow::step(int64_t end) {
  const std::vector<int64_t> goals = wanted(end);
  FlowStep step;
  step.fresh.assign(target_ + 1, Rows{0, 0});
  step.last_readers.assign(target_ + 1, 0);
  for (size_t i = 1; i <= target_; ++i) {
    if (goals[i] == made_[i]) continue;
    const int64_t reached = possible(i, goals[i]);
    step.fresh[i] = {made_[i], reached - made_[i]};
    made_[i] = reached;
    if (step.fresh[i].count == 0) continue;
    for (const size_t input : inputs_[i]) step.last_readers[input] = i;
    for (const size_t addend : addends_[i]) step.last_readers[addend] = i;
  }
  step.kept_from = kept_from();
  return step;
}

}  // namespace solstice
