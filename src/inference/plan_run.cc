#include "inference/plan_run.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "models/networks/plane_norm.h"

namespace solstice {
namespace {

constexpr int64_t kFewestRows = 4;  ///< of a strip of any plane

}  // namespace

int64_t strip_rows_of(const PlanSchedule& schedule, int64_t node_height, int64_t image_height) {
  if (schedule.strip_rows == 0) return node_height;
  const int64_t rows = schedule.strip_rows * node_height / image_height;
  return std::min(node_height, std::max(kFewestRows, rows / kFewestRows * kFewestRows));
}

PlanRun::PlanRun(const Plan& plan, const PlanSchedule& schedule, const ImageRows& image,
                 const Write& write)
    : plan_(plan),
      schedule_(schedule),
      image_(image),
      write_(write),
      planes_(plan.planes(image.height, image.width)),
      kept_(plan.kept(schedule, planes_)),
      last_readers_(plan.last_readers(kept_)),
      planes_kept_(plan.graph_.size()),
      norms_(plan.graph_.size()),
      tails_(plan.graph_.size()) {}

Rows PlanRun::strip(size_t node, int64_t first) const {
  const int64_t height = planes_.heights[node];
  const int64_t rows = strip_rows_of(schedule_, height, image_.height);
  // A last strip of a few rows would have nothing to reflect.
  const int64_t left = height - first;
  return {first, left < rows + kFewestRows ? left : rows};
}

void PlanRun::run() {
  const size_t last = plan_.graph_.size() - 1;
  for (size_t node = 1; node <= last; ++node) {
    if (!plan_.is_pass(node, kept_)) continue;
    pass(node);
    release(node);
  }
}

at::ScalarType PlanRun::kept_type(size_t node) const {
  return schedule_.halves_maps && plan_.passing_[node] ? at::kHalf : plan_.types_[node];
}

/// The addend whose plane becomes that of the finished result, since nobody else reads it; 0: none.
size_t PlanRun::replaced_residual(size_t node) const {
  const LayerNode& layer = plan_.graph_[node];
  if (!layer.normalises || layer.residuals.size() != 1) return 0;
  const size_t from = layer.residuals[0].node;
  const bool fits =
      last_readers_[from] == node && planes_kept_[from].data.scalar_type() == plan_.types_[node];
  return fits ? from : 0;
}

bool PlanRun::takes_place_of_input(size_t node) const {
  const LayerNode& layer = plan_.graph_[node];
  const size_t input = layer.inputs.front();
  const at::Tensor& data = planes_kept_[input].data;
  // What its norm will take to the plane of the residual may wait in float16 as its input did.
  const bool fits = data.scalar_type() == kept_type(node) ||
                    (data.scalar_type() == at::kHalf && replaced_residual(node) != 0);
  return layer.inputs.size() == 1 && data.defined() && last_readers_[input] == node && fits &&
         !layer.adds(input) && data.size(1) == layer.out_channels() &&
         planes_.heights[input] == planes_.heights[node] &&
         planes_.widths[input] == planes_.widths[node];
}

void PlanRun::pass(size_t node) {
  const LayerNode& layer = plan_.graph_[node];
  const int64_t height = planes_.heights[node];
  const bool is_last = node + 1 == plan_.graph_.size();
  if (kept_[node] && schedule_.strip_rows != 0) {
    if (takes_place_of_input(node)) {
      planes_kept_[node].data = planes_kept_[layer.inputs.front()].data;
    } else {
      planes_kept_[node].data =
          at::empty({1, layer.out_channels(), height, planes_.widths[node]},
                    at::TensorOptions().dtype(kept_type(node)), at::MemoryFormat::ChannelsLast);
    }
  }
  StripStatistics statistics;
  RowFlow rows_made = flow(node);
  // Stored when the next strip is made, which may still need what is in its place.
  std::optional<std::pair<Rows, at::Tensor>> waiting;
  for (Rows rows = strip(node, 0); rows.count > 0; rows = strip(node, rows.end())) {
    const Plane made = compute(node, rows_made, rows);
    if (layer.normalises) statistics.add(made.data);
    if (waiting) store(node, waiting->first, waiting->second);
    waiting.reset();
    if (is_last) {
      write_(rows.first, made.data.to(at::kCPU));
    } else if (kept_[node]) {
      waiting.emplace(rows, made.data);
      planes_kept_[node].finished = made.finished;
    }
  }
  if (waiting) store(node, waiting->first, waiting->second);
  if (!layer.normalises) return;
  norms_[node] = {statistics.mean().to(plan_.device_), statistics.variance().to(plan_.device_)};
  if (kept_[node] && (schedule_.strip_rows == 0 || !layer.residuals.empty())) finish_plane(node);
}

void PlanRun::store(size_t node, const Rows& rows, const at::Tensor& strip) {
  at::Tensor& plane = planes_kept_[node].data;
  if (!plane.defined()) {
    plane = strip;  // the whole of it
    return;
  }
  at::Tensor place = plane.narrow(2, rows.first, rows.count);
  constexpr double kMostHalf = 65504;
  place.copy_(place.dtype() == at::kHalf ? at::Tensor(strip).clamp_(-kMostHalf, kMostHalf) : strip);
}

/// Rows of a node, finished but for a target that normalises.
at::Tensor PlanRun::make(size_t node, const Rows& rows, const std::vector<Plane>& strips,
                         bool finishes) {
  const LayerNode& layer = plan_.graph_[node];
  const int64_t height = planes_.heights[layer.inputs.front()];
  const Rows held = input_rows(layer, rows, height);
  at::Tensor made = plan_.convs_[node - 1].run(gather(node, rows, strips),
                                               {height, held.first, rows.first, rows.count});
  if (finishes) finish(node, made, residual(node, rows, strips), made);
  return made;
}

at::Tensor PlanRun::residual(size_t node, const Rows& rows,
                             const std::vector<Plane>& strips) const {
  at::Tensor sum;
  for (const auto& [from, factor] : plan_.graph_[node].residuals) {
    const at::Tensor addend = values(from, rows, strips).to(plan_.types_[node]);
    if (!sum.defined() && factor == 1) {
      sum = addend;
    } else {
      sum = sum.defined() ? sum.add(addend, factor) : addend.mul(factor);
    }
  }
  return sum;
}

std::vector<at::Tensor> PlanRun::gather(size_t index, const Rows& out,
                                        const std::vector<Plane>& strips) const {
  const LayerNode& node = plan_.graph_[index];
  std::vector<at::Tensor> inputs;
  for (const size_t input : node.inputs) {
    const Rows rows = input_rows(node, out, planes_.heights[input]);
    inputs.push_back(values(input, rows, strips).to(plan_.types_[index]));
  }
  return inputs;
}

at::Tensor PlanRun::values(size_t node, const Rows& rows, const std::vector<Plane>& strips) const {
  if (node == 0) {
    return image_.read(rows.first, rows.count)
        .to(plan_.device_, plan_.types_[node])
        .contiguous(at::MemoryFormat::ChannelsLast);
  }
  const Plane& kept = planes_kept_[node];
  const Plane& plane = kept.data.defined() ? kept : strips.at(node);
  const at::Tensor held = plane.data.narrow(2, rows.first - plane.first, rows.count)
                              .to(plan_.device_, plan_.types_[node]);
  if (plane.finished) return held;
  // A copy in another type or on another device is ours to change.
  at::Tensor result = held.is_alias_of(plane.data) ? at::empty_like(held) : held;
  finish(node, held, {}, result);
  return result;
}

void PlanRun::finish(size_t node, const at::Tensor& raw, const at::Tensor& residual,
                     at::Tensor& result) const {
  const LayerNode& layer = plan_.graph_[node];
  if (!layer.normalises) {  // the convolution has applied the activation
    if (residual.defined()) result.add_(residual);
    return;
  }
  const auto& [mean, variance] = norms_[node];
  // What the norm cannot apply itself comes after it, and before the residual.
  const std::optional<double> slope = activation_slope(layer.activation);
  const bool later = !slope;
  const at::Tensor added = later ? at::Tensor() : residual;
  if (fused_norm_fits(raw)) {
    const at::Tensor ones = at::ones({raw.size(1)}, at::kFloat);
    const at::Tensor zeros = at::zeros({raw.size(1)}, at::kFloat);
    plane_norm_into(
        {raw, ones, zeros, {mean, variance}, slope.value_or(kNoActivation), /*whole_batch=*/false},
        added.defined() ? added : at::empty({0}, raw.options()), result);
  } else {
    at::Tensor normed = at::batch_norm(raw, {}, {}, mean.flatten(), variance.flatten(),
                                       /*training=*/false, /*momentum=*/0, kNormEps, false);
    if (!later) activate_(normed, layer.activation);
    if (added.defined()) normed.add_(added);
    result.copy_(normed);
  }
  if (!later) return;
  at::Tensor active = result;
  activate_(active, layer.activation,
            layer.slopes.defined() ? layer.slopes.to(result.options()) : at::Tensor());
  if (residual.defined()) active.add_(residual);
  if (!active.is_alias_of(result)) result.copy_(active);
}

void PlanRun::finish_plane(size_t node) {
  Plane& plane = planes_kept_[node];
  const size_t replaced = replaced_residual(node);
  const Plane result = planes_kept_[replaced != 0 ? replaced : node];
  for (Rows rows = strip(node, 0); rows.count > 0; rows = strip(node, rows.end())) {
    const at::Tensor raw =
        plane.data.narrow(2, rows.first, rows.count).to(plan_.device_, plan_.types_[node]);
    const at::Tensor added = residual(node, rows, {});
    at::Tensor place = result.data.narrow(2, rows.first, rows.count);
    if (place.device() == raw.device() && place.dtype() == raw.dtype()) {
      finish(node, raw, added, place);
    } else {
      at::Tensor made = at::empty_like(raw);
      finish(node, raw, added, made);
      place.copy_(made);
    }
  }
  plane.data = result.data;
  plane.finished = true;
}

void PlanRun::release(size_t pass) {
  for (size_t i = 1; i <= pass; ++i) {
    if (last_readers_[i] <= pass && i != pass) planes_kept_[i].data.reset();
  }
}

}  // namespace solstice
