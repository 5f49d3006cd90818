// How fast each convolution of a generator runs in inference, alone and warm, as the plan prepares
// it: `layer_rates KIND SIDE [fp32|bf16]` prints a row a layer: shape, milliseconds (median of 15)
// and billions of direct operations a second (Winograd does a quarter of them, so it may pass the
// peak).
#include <ATen/Parallel.h>
#include <ATen/ops/rand.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "inference/device.h"
#include "inference/prepared_conv.h"
#include "models/networks/image_module.h"

namespace {

double median_ms(const solstice::PreparedConv& conv, const at::Tensor& x, int64_t rows) {
  std::vector<double> taken;
  for (int i = 0; i < 18; ++i) {
    const auto start = std::chrono::steady_clock::now();
    conv.run({x}, {x.size(2), 0, 0, rows});
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (i >= 3) taken.push_back(took.count());
  }
  std::nth_element(taken.begin(), taken.begin() + 7, taken.end());
  return taken[7];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: layer_rates KIND SIDE [fp32|bf16]\n");
    return 2;
  }
  const c10::InferenceMode guard;
  solstice::set_compute_threads(0);
  solstice::GeneratorOptions options{.kind = argv[1], .dropout = false};
  if (options.kind.starts_with("resnet")) options.norm = solstice::Norm::kInstance;
  const auto network = solstice::make_generator(options);
  network->eval();
  const auto type = argc == 4 && std::string(argv[3]) == "bf16" ? at::kBFloat16 : at::kFloat;
  const solstice::LayerGraph graph =
      solstice::generator_row(options.kind).graph(solstice::state_of(*network), options);
  std::vector<int64_t> sides{std::atoll(argv[2])};
  double all_ms = 0, all_flop = 0;
  for (size_t i = 1; i < graph.size(); ++i) {
    const solstice::LayerNode& node = graph[i];
    const int64_t side = sides[node.inputs.front()], out = node.out_side(side);
    sides.push_back(out);
    const bool transposed = node.geometry.direction == solstice::Direction::kTransposed;
    const int64_t in = node.weight.size(transposed ? 0 : 1);
    const at::Tensor x =
        at::rand({1, in, side, side}).to(type).contiguous(at::MemoryFormat::ChannelsLast);
    const double ms = median_ms(solstice::PreparedConv(node, at::kCPU, type), x, out);
    const double places = static_cast<double>(transposed ? side * side : out * out);
    const double flop = 2 * places * static_cast<double>(node.weight.numel());
    all_ms += ms;
    all_flop += flop;
    std::printf("%2zu %4ld -> %4ld channels, %ldx%ld%s, %4ld -> %4ld: %7.2f ms %7.0f GFLOP/s\n", i,
                in, node.out_channels(), node.kernel(), node.kernel(), transposed ? " up" : "   ",
                side, out, ms, flop / ms * 1e-6);
  }
  std::printf("all: %.1f ms, %.1f GFLOP, %.0f GFLOP/s\n", all_ms, all_flop * 1e-9,
              all_flop / all_ms * 1e-6);
  return 0;
}
