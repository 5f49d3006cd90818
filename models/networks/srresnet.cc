#include "models/networks/srresnet.h"

#include <ATen/ops/pixel_shuffle.h>
#include <torch/nn/modules/activation.h>

#include <algorithm>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/counted_kind.h"
#include "models/networks/fused_sequence.h"
#include "models/networks/infer.h"
#include "models/networks/layer_graph.h"
#include "models/networks/layers.h"
#include "models/networks/shuffle_factors.h"

namespace nn = torch::nn;

namespace solstice {
namespace {

constexpr CountedKind kSrResnet{"srresnet_", "blocks"};
constexpr Kernel kSrResnetConv{3, 1, 1}, kSrResnetEnds{9, 1, 4};

struct SrResnetBlock : ImageModule {
  SrResnetBlock(int64_t filters, Norm norm) {
    nn::Sequential layers;
    push_conv(layers, filters, filters, kSrResnetConv, true);
    push_norm(layers, norm, filters);
    layers->push_back(nn::PReLU());
    push_conv(layers, filters, filters, kSrResnetConv, true);
    push_norm(layers, norm, filters);
    body_ = register_module("body", layers);
  }
  at::Tensor forward(at::Tensor x) override { return forward_fused(body_, x, x); }

 private:
  nn::Sequential body_{nullptr};
};

/// Convolution, shuffle, PReLU. The activation first: it is the same for all phases.
struct Enlarging : ImageModule {
  Enlarging(int64_t filters, int64_t factor) : factor_(factor) {
    push_conv(layers_, filters, filters * factor * factor, kSrResnetConv, true);
    layers_->push_back(nn::PReLU());
    register_module("0", layers_->ptr(0));
    register_module("1", layers_->ptr(1));
  }
  at::Tensor forward(at::Tensor x) override {
    return at::pixel_shuffle(forward_fused(layers_, x), factor_);
  }

 private:
  int64_t factor_;
  nn::Sequential layers_;
};

struct SrResnet : ImageModule {
  SrResnet(const GeneratorOptions& options, int64_t blocks)
      : kind_(options.kind), limits_{options.input_nc, 1, 1} {
    const int64_t ngf = options.ngf;
    nn::Sequential head, body, tail, last;
    push_conv(head, options.input_nc, ngf, kSrResnetEnds, true);
    head->push_back(nn::PReLU());
    for (int64_t i = 0; i < blocks; ++i) {
      body->push_back(std::make_shared<SrResnetBlock>(ngf, options.norm));
    }
    push_conv(body, ngf, ngf, kSrResnetConv, true);
    push_norm(body, options.norm, ngf);
    for (const int64_t factor : shuffle_factors("srresnet", options.scale)) {
      tail->push_back(std::make_shared<Enlarging>(ngf, factor));
    }
    push_conv(last, ngf, options.output_nc, kSrResnetEnds, true);
    head_ = register_module("head", head);
    body_ = register_module("body", body);
    tail_ = register_module("tail", tail);
    last_ = register_module("last", last);
  }

  at::Tensor forward(at::Tensor x) override {
    check_image(x, kind_, limits_);
    x = forward_fused(head_, in_fast_layout(x));
    x = forward_fused(body_, x, x);
    for (size_t i = 0; i < tail_->size(); ++i) x = tail_[i]->as<Enlarging>()->forward(x);
    return forward_fused(last_, x);
  }

 private:
  std::string kind_;
  ImageLimits limits_;
  nn::Sequential head_{nullptr}, body_{nullptr}, tail_{nullptr}, last_{nullptr};
};

}  // namespace

bool matches_srresnet(std::string_view kind) { return kSrResnet.count(kind).has_value(); }

std::shared_ptr<ImageModule> make_srresnet(const GeneratorOptions& options) {
  return std::make_shared<SrResnet>(options, kSrResnet.count(options.kind).value());
}

int64_t srresnet_size_multiple(const GeneratorOptions&) { return 1; }

bool infer_srresnet(const TensorList& tensors, GeneratorOptions& options) {
  const StateShapes state(tensors);
  if (!state.has_kernel("head.0.weight", 9) || !state.has_kernel("last.0.weight", 9)) return false;
  int64_t blocks = 0;
  while (blocks < CountedKind::kMost && state.has(message("body.", blocks, ".body.0.weight")))
    ++blocks;
  options = GeneratorOptions{};
  options.kind = kSrResnet.name(blocks);
  options.ngf = state.size("head.0.weight", 0);
  options.input_nc = state.size("head.0.weight", 1);
  options.output_nc = state.size("last.0.weight", 0);
  // Instance norm has no tensors, and every convolution a bias: not to be told from none.
  options.norm = state.has("body.0.body.1.weight") ? Norm::kBatch : Norm::kNone;
  options.dropout = false;
  const int64_t ngf = options.ngf;
  for (int64_t i = 0; state.has_kernel(message("tail.", i, ".0.weight"), 3); ++i) {
    options.scale *= state.size(message("tail.", i, ".0.weight"), 0) == 9 * ngf ? 3 : 2;
  }
  const int64_t first = options.scale == 3 ? 9 : 4;
  if (options.scale > 1) state.expect(options.kind, "tail.0.0.weight", {first * ngf, ngf, 3, 3});
  state.expect(options.kind, "body.0.body.0.weight", {ngf, ngf, 3, 3});
  state.expect(options.kind, "last.0.weight", {options.output_nc, ngf, 9, 9});
  return true;
}

int64_t srresnet_bytes_per_pixel(const GeneratorOptions& options) {
  const int64_t larger = options.scale * options.scale;
  return 4 * (options.ngf * std::max<int64_t>(3, 1 + 2 * larger) + 4 * 3 * (1 + larger));
}

bool is_srresnet_encoder(const GeneratorOptions&, std::string_view parameter) {
  return !parameter.starts_with("tail.") && !parameter.starts_with("last.");
}

std::vector<LayerNode> srresnet_graph(const TensorList& state, const GeneratorOptions& options) {
  const GraphReader reader(state, options);
  const ConvGeometry same{Direction::kForward, 1, 1, 0}, wide{Direction::kForward, 1, 4, 0};
  LayerGraph graph(1);
  const auto slope = [&](LayerNode& node, const std::string& name) {
    node.activation = Activation::kPrelu;
    node.slopes = reader.tensor(name + ".weight").expand({node.weight.size(0)}).contiguous();
  };
  const auto add = [&](LayerNode node) -> LayerNode& {
    graph.push_back(std::move(node));
    return graph.back();
  };
  slope(add(reader.conv("head.0", 0, wide)), "head.1");
  const size_t head = 1;
  const int64_t blocks = kSrResnet.count(options.kind).value();
  for (int64_t i = 0; i < blocks; ++i) {
    const std::string prefix = message("body.", i, ".body.");
    const size_t before = graph.size() - 1;
    slope(add(reader.conv_norm(prefix + "0", prefix + "1", before, same)), prefix + "2");
    add(reader.conv_norm(prefix + "3", prefix + "4", before + 1, same)).residuals = {{before}};
  }
  add(reader.conv_norm(message("body.", blocks), message("body.", blocks + 1), graph.size() - 1,
                       same))
      .residuals = {{head}};
  const std::vector<int64_t> factors = shuffle_factors("srresnet", options.scale);
  for (size_t i = 0; i < factors.size(); ++i) {
    LayerNode& node = add(reader.conv(message("tail.", i, ".0"), graph.size() - 1, same));
    slope(node, message("tail.", i, ".1"));
    node.shuffle = factors[i];
  }
  add(reader.conv("last.0", graph.size() - 1, wide));
  return graph;
}

}  // namespace solstice
