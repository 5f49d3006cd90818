#include "inference/plan.h"

#include <algorithm>
#include <array>

#include "inference/plan_run.h"

namespace solstice {
namespace {

/// A way to run in strips, from the fastest to the one that needs least memory.
struct StripKind {
  PlanSchedule schedule;
  int64_t fewest_rows;  ///< with fewer the next one is faster
};
/// Every norm reads again what is not kept, so that planes of half the sides are worth their
/// memory.
constexpr std::array<StripKind, 4> kOfNorms{{{{.kept_share = 4}, 128},
                                             {{.kept_share = 16}, 1},
                                             {{.halves_maps = true, .kept_share = 4}, 128},
                                             {{.halves_maps = true, .kept_share = 16}, 1}}};
constexpr std::array<StripKind, 2> kOfOthers{{{{.kept_share = 16}, 1}, {{.kept_share = 64}, 1}}};

/// Below this a strip is mostly what its neighbours compute as well.
constexpr std::array<int64_t, 5> kStripRows{512, 256, 128, 64, 32};

/// Of networks whose strips repeat nothing, and what such a strip may take: some times the
/// third-level cache's share of a core is no slower, whole planes of large images are.
constexpr std::array<int64_t, 8> kPassRows{512, 256, 128, 64, 32, 16, 8, 4};
constexpr int64_t kCachedBytes = int64_t{256} << 20;
constexpr int64_t kFewestForCache = 16;  ///< fewer rows are for memory alone: they are slow

}  // namespace

Plan::Plan(LayerGraph graph, at::Device device, at::ScalarType type)
    : graph_(std::move(graph)), device_(device), types_{type} {
  for (size_t i = 1; i < graph_.size(); ++i) {
    types_.push_back(fastest_type(graph_[i], device, type));
    convs_.emplace_back(graph_[i], device, types_.back());
    // The prepared form has its own copy; what is asked of the node is the shape.
    graph_[i].weight = graph_[i].weight.to(at::kMeta);
  }
  for (const LayerNode& node : graph_)
    passing_.push_back(node.normalises && node.residuals.empty());
  for (const LayerNode& node : graph_) {
    for (const Addend& addend : node.residuals) passing_[addend.node] = false;
  }
}

Plan::Planes Plan::planes(int64_t height, int64_t width) const {
  Planes planes{{height}, {width}};
  for (size_t i = 1; i < graph_.size(); ++i) {
    const size_t input = graph_[i].inputs.front();
    planes.heights.push_back(graph_[i].out_side(planes.heights[input]));
    planes.widths.push_back(graph_[i].out_side(planes.widths[input]));
  }
  return planes;
}

std::vector<bool> Plan::kept(const PlanSchedule& schedule, const Planes& planes) const {
  const int64_t pixels = planes.heights[0] * planes.widths[0];
  std::vector<bool> kept(graph_.size(), true);
  for (size_t i = 0; i < graph_.size() && schedule.strip_rows != 0; ++i) {
    kept[i] = planes.heights[i] * planes.widths[i] * schedule.kept_share <= pixels;
  }
  kept.front() = kept.back() = false;
  return kept;
}

std::vector<size_t> Plan::last_readers(const std::vector<bool>& kept) const {
  std::vector<size_t> last(graph_.size(), 0);
  for (size_t i = graph_.size() - 1; i > 0; --i) {
    const size_t pass = kept[i] ? i : std::max(i, last[i]);
    for (const size_t input : graph_[i].inputs) last[input] = std::max(last[input], pass);
    for (const auto& [node, factor] : graph_[i].residuals) last[node] = std::max(last[node], pass);
  }
  return last;
}

RowFlow Plan::flow(size_t target, const PlanSchedule& schedule, const Planes& planes,
                   const std::vector<bool>& at_hand) const {
  return {graph_, planes.heights, target, at_hand, [&](size_t node) {
            return strip_rows_of(schedule, planes.heights[node], planes.heights[0]);
          }};
}

int64_t Plan::row_bytes(size_t node, const Planes& planes, int64_t element) const {
  const int64_t channels = node == 0 ? 3 : graph_[node].out_channels();
  return planes.widths[node] * channels * element;
}

/// What a step takes beside the planes that are kept, and what the next one finds `held`: rows of
/// each node.
int64_t Plan::step_bytes(const FlowStep& step, const Planes& planes, const std::vector<bool>& keeps,
                         std::vector<int64_t>& held) const {
  const auto bytes_of = [&](size_t node, int64_t rows) {
    return rows * row_bytes(node, planes, static_cast<int64_t>(c10::elementSize(types_[node])));
  };
  const size_t target = step.fresh.size() - 1;
  int64_t alive = 0, largest = 0;
  for (size_t i = 1; i <= target; ++i) alive += bytes_of(i, held[i]);
  std::vector<int64_t> freed_after(target + 1, 0);
  for (size_t i = 1; i <= target; ++i) {
    const Rows& fresh = step.fresh[i];
    if (fresh.count == 0 && step.last_readers[i] == 0) continue;
    const int64_t rows = held[i] + fresh.count, kept = fresh.end() - step.kept_from[i];
    // What a convolution makes and what joins it to the rows before, its inputs padded or joined.
    int64_t here = bytes_of(i, rows) + (keeps[i] && i == target ? 0 : bytes_of(i, fresh.count));
    for (const size_t input : graph_[i].inputs) {
      if (fresh.count == 0) break;
      here += bytes_of(input, input_rows(graph_[i], fresh, planes.heights[input]).count);
    }
    largest = std::max(largest, alive + here);
    const int64_t after = fresh.count == 0 ? held[i] : std::max<int64_t>(0, kept);
    const bool shares = shares_tail(after, rows);
    alive += bytes_of(i, rows - held[i]);
    if (!shares) {
      alive += bytes_of(i, after);
      freed_after[std::max(i, step.last_readers[i])] += bytes_of(i, rows);
    }
    alive -= freed_after[i];
    held[i] = shares ? rows : after;
  }
  return largest;
}

/// What a strip of a pass takes at most, beside the planes that are kept.
int64_t Plan::strip_bytes(size_t pass, const PlanSchedule& schedule, const Planes& planes,
                          const std::vector<bool>& keeps) const {
  std::vector<bool> at_hand(keeps);
  at_hand[pass] = false;
  RowFlow rows = flow(pass, schedule, planes, at_hand);
  std::vector<int64_t> held(pass + 1, 0);
  int64_t most = 0;
  // In the second strip all that is ahead of it is there.
  for (const int64_t strips : {1, 2}) {
    const int64_t height = planes.heights[pass];
    const int64_t end =
        std::min(height, strips * strip_rows_of(schedule, height, planes.heights[0]));
    while (rows.made() < end) {
      most = std::max(most, step_bytes(rows.step(end), planes, keeps, held));
    }
  }
  return most;
}

int64_t Plan::peak_bytes(const PlanSchedule& schedule, const Planes& planes) const {
  const std::vector<bool> keeps = kept(schedule, planes);
  const std::vector<size_t> last = last_readers(keeps);
  int64_t peak = 0;
  for (size_t pass = 1; pass < graph_.size(); ++pass) {
    if (!is_pass(pass, keeps)) continue;
    int64_t bytes = 0;
    for (size_t i = 1; i <= pass; ++i) {
      // The result of a residual block takes the place of its input.
      if (!keeps[i] || last[i] < pass || (i == pass && !graph_[i].residuals.empty())) continue;
      const bool halved = schedule.halves_maps && passing_[i];
      const auto element = static_cast<int64_t>(c10::elementSize(types_[i]));
      bytes += planes.heights[i] * row_bytes(i, planes, halved ? 2 : element);
    }
    peak = std::max(peak, bytes + strip_bytes(pass, schedule, planes, keeps));
  }
  return peak;
}

/// Whether a node is computed for its own sake, not only for a later one's.
bool Plan::is_pass(size_t node, const std::vector<bool>& keeps) const {
  return keeps[node] || graph_[node].normalises || node + 1 == graph_.size();
}

PlanSchedule Plan::measured(PlanSchedule schedule, const Planes& planes) const {
  if (schedule.strip_rows >= planes.heights[0]) schedule.strip_rows = 0;
  schedule.bytes = peak_bytes(schedule, planes);
  return schedule;
}

PlanSchedule Plan::with_strips(int64_t height, int64_t width, int64_t strip_rows) const {
  return measured({.strip_rows = strip_rows}, planes(height, width));
}

PlanSchedule Plan::with_frugal_strips(int64_t height, int64_t width, int64_t strip_rows) const {
  PlanSchedule schedule = normalises() ? kOfNorms.back().schedule : kOfOthers.back().schedule;
  schedule.strip_rows = strip_rows;
  return measured(schedule, planes(height, width));
}

bool Plan::normalises() const { return std::ranges::any_of(graph_, &LayerNode::normalises); }

int64_t Plan::weight_bytes(int64_t height, int64_t width) const {
  const Planes sizes = planes(height, width);
  int64_t bytes = 0;
  for (size_t node = 1; node < graph_.size(); ++node) {
    const size_t input = graph_[node].inputs.front();
    bytes += convs_[node - 1].weight_bytes(sizes.heights[input], sizes.widths[input]);
  }
  return bytes;
}

PlanSchedule Plan::best(int64_t height, int64_t width, int64_t memory) const {
  const Planes sizes = planes(height, width);
  PlanSchedule schedule = with_strips(height, width, height);
  if (is_one_pass(sizes)) {
    // No row is made twice, so small strips cost nothing, and their rows stay in the cache.
    for (const int64_t rows : kPassRows) {
      const int64_t most = rows < kFewestForCache ? memory : std::min(memory, kCachedBytes);
      if (schedule.bytes <= most) return schedule;
      if (rows < height) schedule = with_strips(height, width, rows);
    }
    return schedule;
  }
  const auto narrower = [&](const auto& kinds) {
    for (const StripKind& kind : kinds) {
      for (const int64_t rows : kStripRows) {
        if (schedule.bytes <= memory) return;
        if (rows >= height || rows < kind.fewest_rows) continue;
        schedule = kind.schedule;
        schedule.strip_rows = rows;
        schedule = measured(schedule, sizes);
      }
    }
  };
  if (normalises()) {
    narrower(kOfNorms);
  } else {
    narrower(kOfOthers);
  }
  return schedule;
}

bool Plan::is_one_pass(const Planes& planes) const {
  const std::vector<bool> keeps = kept({.strip_rows = 1}, planes);
  for (size_t i = 1; i + 1 < graph_.size(); ++i) {
    if (is_pass(i, keeps)) return false;
  }
  return true;
}

void Plan::run(const PlanSchedule& schedule, const ImageRows& image,
               const std::function<void(int64_t, const at::Tensor&)>& write) const {
  PlanRun(*this, schedule, image, write).run();
}

}  // namespace solstice
