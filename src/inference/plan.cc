#include "inference/plan.h"

#include <algorithm>
#include <array>

#include "inference/plan_run.h"

namespace solstice {
namespace {

/// Planes of more than this share of the image's pixels are not kept in strips.
constexpr int64_t kKeptShare = 16;

/// Below this a strip is mostly what its neighbours compute as well.
constexpr std::array<int64_t, 5> kStripRows{512, 256, 128, 64, 32};

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
    kept[i] = planes.heights[i] * planes.widths[i] * kKeptShare <= pixels;
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

std::vector<Rows> Plan::needed_rows(size_t target, const Rows& rows, const Planes& planes,
                                    const std::function<bool(size_t)>& is_at_hand) const {
  std::vector<Rows> needed(target + 1, Rows{0, 0});
  needed[target] = rows;
  const auto want = [&](size_t node, const Rows& more) {
    if (node == 0 || is_at_hand(node)) return;
    Rows& all = needed[node];
    if (all.count == 0) {
      all = more;
    } else {
      const int64_t first = std::min(all.first, more.first);
      all = {first, std::max(all.end(), more.end()) - first};
    }
  };
  for (size_t i = target; i > 0; --i) {
    if (needed[i].count == 0) continue;
    const LayerNode& node = graph_[i];
    for (const size_t input : node.inputs) {
      want(input, input_rows(node, needed[i], planes.heights[input]));
    }
    // A target that normalises is finished later, when its statistics are known.
    if (i == target && node.normalises) continue;
    for (const Addend& addend : node.residuals) want(addend.node, needed[i]);
  }
  return needed;
}

int64_t Plan::peak_bytes(const PlanSchedule& schedule, const Planes& planes) const {
  const auto element = [&](size_t i) { return static_cast<int64_t>(c10::elementSize(types_[i])); };
  const auto row_bytes = [&](size_t i, int64_t size) {
    const int64_t channels = i == 0 ? 3 : graph_[i].out_channels();
    return planes.widths[i] * channels * size;
  };
  const std::vector<bool> keeps = kept(schedule, planes);
  const std::vector<size_t> last = last_readers(keeps);
  int64_t peak = 0;
  for (size_t pass = 1; pass < graph_.size(); ++pass) {
    int64_t bytes = 0;
    for (size_t i = 1; i <= pass; ++i) {
      // The result of a residual block takes the place of its input.
      if (!keeps[i] || last[i] < pass || (i == pass && !graph_[i].residuals.empty())) continue;
      const int64_t size = schedule.halves_maps && passing_[i] ? 2 : element(i);
      bytes += planes.heights[i] * row_bytes(i, size);
    }
    const int64_t rows = strip_rows_of(schedule, planes.heights[pass], planes.heights[0]);
    const int64_t first = std::max<int64_t>(0, planes.heights[pass] / 2 - rows);
    const std::vector<Rows> needed =
        needed_rows(pass, {first, rows}, planes, [&](size_t i) { return keeps[i] && i < pass; });
    int64_t largest = 0;
    for (size_t i = 1; i <= pass; ++i) {
      if (needed[i].count == 0) continue;
      // What a convolution makes, and its inputs put side by side and padded.
      int64_t here = needed[i].count * row_bytes(i, element(i)) * (keeps[i] && i == pass ? 1 : 2);
      for (const size_t input : graph_[i].inputs) {
        here += input_rows(graph_[i], needed[i], planes.heights[input]).count *
                row_bytes(input, element(i));
      }
      largest = std::max(largest, here);
    }
    peak = std::max(peak, bytes + largest);
  }
  return peak;
}

PlanSchedule Plan::with_strips(int64_t height, int64_t width, int64_t strip_rows) const {
  const Planes sizes = planes(height, width);
  PlanSchedule schedule{strip_rows < height ? strip_rows : 0, false, 0};
  schedule.bytes = peak_bytes(schedule, sizes);
  return schedule;
}

PlanSchedule Plan::best(int64_t height, int64_t width, int64_t memory) const {
  const Planes sizes = planes(height, width);
  PlanSchedule schedule = with_strips(height, width, height);
  for (const bool halves : {false, true}) {
    for (const int64_t rows : kStripRows) {
      if (schedule.bytes <= memory) return schedule;
      if (rows >= height) continue;
      schedule = {rows, halves, 0};
      schedule.bytes = peak_bytes(schedule, sizes);
    }
  }
  return schedule;
}

void Plan::run(const PlanSchedule& schedule, const ImageRows& image,
               const std::function<void(int64_t, const at::Tensor&)>& write) const {
  PlanRun(*this, schedule, image, write).run();
}

}  // namespace solstice
