#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <utility>

#include "inference/plan_run.h"

namespace solstice {

bool shares_tail(int64_t kept, int64_t made) { return 2 * kept > made; }

RowFlow PlanRun::flow(size_t node) const {
  std::vector<bool> at_hand;
  for (const Plane& plane : planes_kept_) at_hand.push_back(plane.data.defined());
  return plan_.flow(node, schedule_, planes_, at_hand);
}

/// `above` and `below` as one; either may be undefined.
at::Tensor PlanRun::joined(const at::Tensor& above, const at::Tensor& below) {
  if (!above.defined()) return below;
  if (!below.defined()) return above;
  at::Tensor all = at::empty({1, below.size(1), above.size(2) + below.size(2), below.size(3)},
                             below.options(), at::MemoryFormat::ChannelsLast);
  all.narrow(2, 0, above.size(2)).copy_(above);
  all.narrow(2, above.size(2), below.size(2)).copy_(below);
  return all;
}

PlanRun::Plane PlanRun::compute(size_t node, RowFlow& flow, const Rows& rows) {
  while (true) {
    Plane made = advance(node, flow.step(rows.end()));
    if (flow.made() == rows.end()) return made;
  }
}

/// One step of a pass; what it makes of the target.
PlanRun::Plane PlanRun::advance(size_t node, const FlowStep& step) {
  std::vector<Plane> strips(node + 1);
  for (size_t i = 1; i <= node; ++i) {
    const Rows& fresh = step.fresh[i];
    if (fresh.count == 0 && step.last_readers[i] == 0) continue;
    const bool finishes = i < node || !plan_.graph_[i].normalises;
    at::Tensor made;
    if (fresh.count > 0) made = make(i, fresh, strips, finishes);
    // The last step's end is this one's beginning, so that every row is made once.
    const Plane tail = std::exchange(tails_[i], {});
    strips[i] = {joined(tail.data, made), tail.data.defined() ? tail.first : fresh.first, finishes};
    keep_tail(i, strips[i], step.kept_from[i]);
    if (i < node && step.last_readers[i] == 0) strips[i].data.reset();
    const LayerNode& layer = plan_.graph_[i];
    const auto forget = [&](size_t before) {
      if (step.last_readers[before] == i) strips[before].data.reset();
    };
    if (fresh.count == 0) continue;
    for (const size_t input : layer.inputs) forget(input);
    for (const Addend& addend : layer.residuals) forget(addend.node);
  }
  return strips[node];
}

/// Keeps the rows of a strip from `first` on for later steps.
void PlanRun::keep_tail(size_t node, const Plane& strip, int64_t first) {
  const int64_t rows = strip.data.size(2), kept = strip.first + rows - first;
  if (kept <= 0) return;
  const at::Tensor end = strip.data.narrow(2, rows - kept, kept);
  tails_[node] = {shares_tail(kept, rows) ? end : end.clone(at::MemoryFormat::ChannelsLast), first,
                  strip.finished};
}

}  // namespace solstice
