#include "models/networks/compact.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/pixel_shuffle.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <torch/nn/modules/activation.h>

#include <vector>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/counted_kind.h"
#include "models/networks/fused_sequence.h"
#include "models/networks/infer.h"
#include "models/networks/layer_graph.h"
#include "models/networks/layers.h"

namespace nn = torch::nn;

namespace solstice {
namespace {

constexpr CountedKind kCompact{"compact_", "convs"};
constexpr Kernel kCompactConv{3, 1, 1};

/// Convolutions stand at even places, what follows them at odd ones.
std::string conv_name(int64_t index) { return message("body.", 2 * index); }
std::string slopes_name(int64_t index) { return message("body.", 2 * index + 1, ".weight"); }

struct Compact : ImageModule {
  Compact(const GeneratorOptions& options, int64_t convs)
      : kind_(options.kind), limits_{options.input_nc, 1, 1}, scale_(options.scale) {
    if (options.input_nc != options.output_nc) {
      throw Error(ErrorKind::kUsage,
                  message("[", kind_, "] found input-nc ", options.input_nc, " and output-nc ",
                          options.output_nc, ", expected the same: the image is added"));
    }
    nn::Sequential body;
    for (int64_t i = 0; i <= convs; ++i) {
      push_conv(body, i == 0 ? options.input_nc : options.ngf, options.ngf, kCompactConv, true);
      body->push_back(nn::PReLU(nn::PReLUOptions().num_parameters(options.ngf)));
    }
    push_conv(body, options.ngf, options.output_nc * scale_ * scale_, kCompactConv, true);
    body_ = register_module("body", body);
  }

  at::Tensor forward(at::Tensor x) override {
    check_image(x, kind_, limits_);
    x = in_fast_layout((x + 1) * 0.5);
    const at::Tensor detail = at::pixel_shuffle(forward_fused(body_, x), scale_);
    const at::Tensor base = at::upsample_nearest2d(x, {x.size(2) * scale_, x.size(3) * scale_});
    return (detail + base) * 2 - 1;
  }

 private:
  std::string kind_;
  ImageLimits limits_;
  int64_t scale_;
  nn::Sequential body_{nullptr};
};

}  // namespace

bool matches_compact(std::string_view kind) { return kCompact.count(kind).has_value(); }

std::shared_ptr<ImageModule> make_compact(const GeneratorOptions& options) {
  return std::make_shared<Compact>(options, kCompact.count(options.kind).value());
}

int64_t compact_size_multiple(const GeneratorOptions&) { return 1; }

bool infer_compact(const TensorList& tensors, GeneratorOptions& options) {
  const StateShapes state(tensors);
  if (!state.has_kernel("body.0.weight", 3) || !state.has("body.1.weight") ||
      !state.has_kernel("body.2.weight", 3)) {
    return false;
  }
  int64_t last = 2;
  while (last <= CountedKind::kMost && state.has_kernel(conv_name(last) + ".weight", 3)) ++last;
  --last;
  options = GeneratorOptions{};
  options.kind = kCompact.name(last - 1);
  options.ngf = state.size("body.0.weight", 0);
  options.input_nc = options.output_nc = state.size("body.0.weight", 1);
  options.norm = Norm::kNone;
  options.dropout = false;
  const int64_t channels = state.has_kernel(conv_name(last) + ".weight", 3)
                               ? state.size(conv_name(last) + ".weight", 0)
                               : 0;
  while (options.scale < 4 && options.input_nc * options.scale * options.scale < channels) {
    ++options.scale;
  }
  for (int64_t i = 0; i < last; ++i) {
    const int64_t in = i == 0 ? options.input_nc : options.ngf;
    state.expect(options.kind, conv_name(i) + ".weight", {options.ngf, in, 3, 3});
    state.expect(options.kind, slopes_name(i), {options.ngf});
  }
  state.expect(options.kind, conv_name(last) + ".weight",
               {options.input_nc * options.scale * options.scale, options.ngf, 3, 3});
  return true;
}

int64_t compact_bytes_per_pixel(const GeneratorOptions& options) {
  // Two planes of features and what PReLU makes of one, or the last one's phases and the result.
  const int64_t larger = options.scale * options.scale;
  return 4 * (3 * options.ngf + 4 * options.input_nc * (1 + larger));
}

bool is_compact_encoder(const GeneratorOptions& options, std::string_view parameter) {
  return !parameter.starts_with(conv_name(kCompact.count(options.kind).value() + 1) + ".");
}

std::vector<LayerNode> compact_graph(const TensorList& state, const GeneratorOptions& options) {
  const GraphReader reader(state, options);
  const ConvGeometry same{Direction::kForward, 1, 1, 0};
  const int64_t channels = options.input_nc, phases = options.scale * options.scale;
  const at::Tensor unit = at::eye(channels).view({channels, channels, 1, 1});
  LayerGraph graph(1);
  // To [0, 1] in a convolution of its own: beyond the border the next one sees zeros.
  LayerNode range;
  range.inputs = {0};
  range.weight = unit * 0.5;
  range.bias = at::full({channels}, 0.5);
  graph.push_back(range);
  const int64_t convs = kCompact.count(options.kind).value();
  for (int64_t i = 0; i <= convs; ++i) {
    graph.push_back(reader.conv(conv_name(i), graph.size() - 1, same));
    graph.back().activation = Activation::kPrelu;
    graph.back().slopes = reader.tensor(slopes_name(i));
  }
  const size_t features = graph.size() - 1;
  // Nearest neighbour gives every phase of a shuffle the same pixel. 2 (detail + (x + 1) / 2) - 1
  // is 2 detail + x, so it reads the image as it is.
  LayerNode base;
  base.inputs = {0};
  base.weight = unit.repeat_interleave(phases, 0);
  base.bias = at::full({channels * phases}, 0.0);
  base.shuffle = options.scale;
  graph.push_back(base);
  LayerNode last = reader.conv(conv_name(convs + 1), features, same);
  last.weight = last.weight * 2;
  last.bias = last.bias * 2;
  last.shuffle = options.scale;
  last.residuals = {{graph.size() - 1}};
  graph.push_back(last);
  return graph;
}

}  // namespace solstice
