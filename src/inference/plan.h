#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "inference/prepared_conv.h"
#include "inference/row_flow.h"
#include "models/networks/layer_graph.h"

namespace solstice {

/// How one image is run: as a whole, or in strips of full width, one convolution after the other.
/// Norms see the statistics of the whole plane either way, so strips leave no seams.
struct PlanSchedule {
  int64_t strip_rows = 0;    ///< of the image; 0: the whole image at once
  bool halves_maps = false;  ///< keeps what is between two norms in float16
  int64_t kept_share = 16;   ///< keeps planes of at most this share of the image's pixels, 1/16
  int64_t bytes = 0;         ///< estimated peak of what the run allocates
};

/// An image that is read by rows: (1, C, count, width) in [-1, 1], any float type and layout.
struct ImageRows {
  int64_t height, width;
  std::function<at::Tensor(int64_t first, int64_t count)> read;
};

/// A generator as a list of prepared convolutions, made once and run on images of any size that the
/// network takes. In strips it keeps whole planes only at a quarter of the size and below (where
/// something normalises and memory allows, at half; where memory is short and nothing does, at an
/// eighth); what is larger is computed anew for each strip, as often as a norm needs its statistics
/// or a later layer its values. Planes are kept on
/// the host, strips are computed on the device. Equal to the network's own forward pass but for
/// rounding: 1e-4 in float32.
class Plan {
 public:
  Plan(LayerGraph graph, at::Device device, at::ScalarType type);

  /// The schedule with the given rows of a strip (0: the whole image).
  PlanSchedule with_strips(int64_t height, int64_t width, int64_t strip_rows) const;

  /// The same with everything that saves memory.
  PlanSchedule with_frugal_strips(int64_t height, int64_t width, int64_t strip_rows) const;

  /// What the weights take in their prepared forms once images of this size were run.
  int64_t weight_bytes(int64_t height, int64_t width) const;

  /// The fastest schedule that fits into `memory` bytes, else the smallest.
  PlanSchedule best(int64_t height, int64_t width, int64_t memory) const;

  /// Gives `write` the result, (1, K, rows, W) on the host, from top to bottom.
  void run(const PlanSchedule& schedule, const ImageRows& image,
           const std::function<void(int64_t first, const at::Tensor&)>& write) const;

 private:
  friend class PlanRun;

  /// Rows and columns of every node's plane for an image of this size.
  struct Planes {
    std::vector<int64_t> heights, widths;
  };
  Planes planes(int64_t height, int64_t width) const;

  /// The nodes whose planes are kept, and the last pass that reads each.
  std::vector<bool> kept(const PlanSchedule& schedule, const Planes& planes) const;
  std::vector<size_t> last_readers(const std::vector<bool>& kept) const;

  /// How a pass makes the rows of `target`; refers to `planes`.
  RowFlow flow(size_t target, const PlanSchedule& schedule, const Planes& planes,
               const std::vector<bool>& at_hand) const;
  int64_t row_bytes(size_t node, const Planes& planes, int64_t element) const;
  int64_t strip_bytes(size_t pass, const PlanSchedule& schedule, const Planes& planes,
                      const std::vector<bool>& keeps) const;
  bool normalises() const;
  PlanSchedule measured(PlanSchedule schedule, const Planes& planes) const;
  bool is_pass(size_t node, const std::vector<bool>& keeps) const;
  bool is_one_pass(const Planes& planes) const;
  int64_t step_bytes(const FlowStep& step, const Planes& planes, const std::vector<bool>& keeps,
                     std::vector<int64_t>& held) const;
  int64_t peak_bytes(const PlanSchedule& schedule, const Planes& planes) const;

  LayerGraph graph_;
  std::vector<PreparedConv> convs_;  ///< of nodes 1, 2, ...
  /// Planes that only lead from one norm to the next, so that rounding them does not add up.
  std::vector<bool> passing_;
  at::Device device_;
  std::vector<at::ScalarType> types_;  ///< that each node computes in
};

}  // namespace solstice
