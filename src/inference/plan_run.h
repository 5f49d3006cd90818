#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "inference/plan.h"
#include "inference/strip_statistics.h"

namespace solstice {

/// Rows of a node's plane that a strip of the schedule has.
int64_t strip_rows_of(const PlanSchedule& schedule, int64_t node_height, int64_t image_height);

/// Whether rows that are read again lie where they were made among `made` others, or in a copy.
bool shares_tail(int64_t kept, int64_t made);

/// One image on its way through a Plan.
class PlanRun {
 public:
  using Write = std::function<void(int64_t first, const at::Tensor&)>;
  PlanRun(const Plan& plan, const PlanSchedule& schedule, const ImageRows& image,
          const Write& write);

  void run();

 private:
  /// A plane, or a strip of it. `finished`: its norm, activation and residual have been applied.
  struct Plane {
    at::Tensor data;
    int64_t first = 0;
    bool finished = false;
  };
  struct Norms {
    at::Tensor mean, variance;
  };

  void pass(size_t node);
  RowFlow flow(size_t node) const;
  Plane compute(size_t node, RowFlow& flow, const Rows& rows);
  Plane advance(size_t node, const FlowStep& step);
  void keep_tail(size_t node, const Plane& strip, int64_t first);
  at::Tensor make(size_t node, const Rows& rows, const std::vector<Plane>& strips, bool finishes);
  static at::Tensor joined(const at::Tensor& above, const at::Tensor& below);
  std::vector<at::Tensor> gather(size_t node, const Rows& out,
                                 const std::vector<Plane>& strips) const;
  at::Tensor residual(size_t node, const Rows& rows, const std::vector<Plane>& strips) const;
  at::Tensor values(size_t node, const Rows& rows, const std::vector<Plane>& strips) const;
  void finish(size_t node, const at::Tensor& raw, const at::Tensor& residual,
              at::Tensor& result) const;
  void store(size_t node, const Rows& rows, const at::Tensor& strip);
  void finish_plane(size_t node);
  void release(size_t pass);
  at::ScalarType kept_type(size_t node) const;
  size_t replaced_residual(size_t node) const;
  bool takes_place_of_input(size_t node) const;
  Rows strip(size_t node, int64_t first) const;

  const Plan& plan_;
  const PlanSchedule& schedule_;
  const ImageRows& image_;
  const Write& write_;
  const Plan::Planes planes_;
  const std::vector<bool> kept_;
  const std::vector<size_t> last_readers_;
  std::vector<Plane> planes_kept_;
  std::vector<Norms> norms_;
  std::vector<Plane> tails_;  ///< of each node, of this pass: what a later step needs again
};

}  // namespace solstice
