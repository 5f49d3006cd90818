#include "models/networks/rrdb.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/pixel_shuffle.h>
#include <ATen/ops/pixel_unshuffle.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/counted_kind.h"
#include "models/networks/fused_sequence.h"
#include "models/networks/infer.h"
#include "models/networks/layer_conv.h"
#include "models/networks/layer_graph.h"
#include "models/networks/layers.h"

namespace nn = torch::nn;

namespace solstice {
namespace {

constexpr CountedKind kRrdb{"rrdb_", "blocks"};
constexpr ConvGeometry kSame{Direction::kForward, 1, 1, 0};

constexpr int64_t kEnlarged = 4;        ///< by the two convolutions at the end, whatever the scale
constexpr double kResidualScale = 0.2;  ///< of a dense block, and of three of them
constexpr double kInitScale = 0.1;      ///< "smaller initialization" of the dense blocks
constexpr int64_t kDenseBlocks = 3, kDenseConvs = 5;
constexpr int64_t kMostFeatures = 1024, kMostColours = 64;

std::string dense_conv_name(int64_t block, int64_t dense, int64_t conv) {
  return message("body.", block, ".rdb", dense, ".conv", conv);
}

/// Channels that convolution `conv`, from 1, of a dense block reads and makes.
std::pair<int64_t, int64_t> dense_channels(const GeneratorOptions& options, int64_t conv) {
  return {options.ngf + (conv - 1) * options.growth,
          conv == kDenseConvs ? options.ngf : options.growth};
}

/// Side of the squares of pixels that become channels.
int64_t unshuffled(const GeneratorOptions& options) { return kEnlarged / options.scale; }

struct Convolution {
  std::shared_ptr<nn::Conv2dImpl> conv;
  at::Tensor operator()(const at::Tensor& x) const {
    return layer_conv(x, conv->weight, conv->bias, kSame);
  }
};

Convolution add_conv(nn::Module& module, const std::string& name, int64_t in, int64_t out) {
  return {module.register_module(
      name, std::make_shared<nn::Conv2dImpl>(nn::Conv2dOptions(in, out, 3).padding(1)))};
}

at::Tensor activated(at::Tensor x) { return at::leaky_relu_(x, kLeakySlope); }

struct DenseBlock : ImageModule {
  explicit DenseBlock(const GeneratorOptions& options) {
    const at::NoGradGuard no_grad;
    for (int64_t i = 1; i <= kDenseConvs; ++i) {
      const auto [in, out] = dense_channels(options, i);
      convs_.push_back(add_conv(*this, message("conv", i), in, out));
      nn::init::kaiming_normal_(convs_.back().conv->weight).mul_(kInitScale);
      convs_.back().conv->bias.zero_();
    }
  }
  at::Tensor forward(at::Tensor x) override {
    std::vector<at::Tensor> seen{x};
    for (size_t i = 0; i + 1 < convs_.size(); ++i) {
      seen.push_back(activated(convs_[i](at::cat(seen, 1))));
    }
    return x + convs_.back()(at::cat(seen, 1)) * kResidualScale;
  }

 private:
  std::vector<Convolution> convs_;
};

struct RrdbBlock : ImageModule {
  explicit RrdbBlock(const GeneratorOptions& options) {
    for (int64_t i = 1; i <= kDenseBlocks; ++i) {
      dense_.push_back(register_module(message("rdb", i), std::make_shared<DenseBlock>(options)));
    }
  }
  at::Tensor forward(at::Tensor x) override {
    at::Tensor y = x;
    for (const auto& block : dense_) y = block->forward(y);
    return x + y * kResidualScale;
  }

 private:
  std::vector<std::shared_ptr<DenseBlock>> dense_;
};

/// Channels that the first convolution reads.
int64_t first_channels(const GeneratorOptions& options) {
  return options.input_nc * unshuffled(options) * unshuffled(options);
}

struct Rrdb : ImageModule {
  Rrdb(const GeneratorOptions& options, int64_t blocks)
      : kind_(options.kind),
        unshuffled_(unshuffled(options)),
        limits_{options.input_nc, unshuffled_, unshuffled_} {
    const int64_t ngf = options.ngf;
    first_ = add_conv(*this, "conv_first", first_channels(options), ngf);
    for (int64_t i = 0; i < blocks; ++i) body_->push_back(std::make_shared<RrdbBlock>(options));
    register_module("body", body_);
    body_end_ = add_conv(*this, "conv_body", ngf, ngf);
    up1_ = add_conv(*this, "conv_up1", ngf, ngf);
    up2_ = add_conv(*this, "conv_up2", ngf, ngf);
    large_ = add_conv(*this, "conv_hr", ngf, ngf);
    last_ = add_conv(*this, "conv_last", ngf, options.output_nc);
  }

  at::Tensor forward(at::Tensor x) override {
    check_image(x, kind_, limits_);
    x = (x + 1) * 0.5;
    if (unshuffled_ > 1) x = at::pixel_unshuffle(x, unshuffled_);
    x = first_(in_fast_layout(x));
    x = x + body_end_(forward_fused(body_, x));
    for (const Convolution& up : {up1_, up2_}) {
      x = activated(up(at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)})));
    }
    return last_(activated(large_(x))) * 2 - 1;
  }

 private:
  std::string kind_;
  int64_t unshuffled_;
  ImageLimits limits_;
  nn::Sequential body_;
  Convolution first_, body_end_, up1_, up2_, large_, last_;
};

/// A 3x3 convolution of twice the size by nearest neighbour, as one of the size itself whose
/// results are the four phases of a shuffle: each sees two of its three rows (columns) in one.
void enlarge(LayerNode& node) {
  const at::Tensor taps = at::tensor({1., 0., 0., 0., 1., 1., 0., 0., 0.,   // phase 0
                                      0., 0., 0., 1., 1., 0., 0., 0., 1.},  // phase 1
                                     at::kDouble)
                              .view({2, 3, 3});
  const std::vector<at::Tensor> factors{taps, taps, node.weight.to(at::kDouble)};
  node.weight = at::einsum("yia,xjb,kcab->kyxcij", factors).flatten(0, 2).to(at::kFloat);
  node.bias = node.bias.repeat_interleave(4);
  node.shuffle = 2;
}

void multiply(LayerNode& node, double factor) {
  for (at::Tensor* tensor : {&node.weight, &node.bias}) *tensor = *tensor * factor;
}

/// Three dense blocks, and what is added to them.
void add_block(LayerGraph& graph, const GraphReader& reader, int64_t block) {
  const size_t before = graph.size() - 1;
  for (int64_t dense = 1; dense <= kDenseBlocks; ++dense) {
    std::vector<size_t> seen{graph.size() - 1};
    for (int64_t conv = 1; conv <= kDenseConvs; ++conv) {
      graph.push_back(reader.conv(dense_conv_name(block, dense, conv), 0, kSame));
      graph.back().inputs = seen;
      if (conv < kDenseConvs) graph.back().activation = Activation::kLeakyRelu;
      seen.push_back(graph.size() - 1);
    }
    LayerNode& last = graph.back();
    multiply(last, kResidualScale);
    last.residuals = {{seen.front()}};
    if (dense < kDenseBlocks) continue;
    // The whole is taken by as much again, and what came before it added.
    multiply(last, kResidualScale);
    last.residuals = {{before}, {seen.front(), kResidualScale}};
  }
}

void require_possible(const GeneratorOptions& options, const char* what, int64_t found,
                      int64_t most) {
  if (found >= 1 && found <= most) return;
  throw Error(ErrorKind::kWeights,
              message("this looks like a ", options.kind, " generator, but has ", found, " ", what,
                      ", expected 1 to ", most));
}

void expect_dense_blocks(const StateShapes& state, const GeneratorOptions& options,
                         int64_t blocks) {
  for (int64_t i = 0; i < blocks * kDenseBlocks * kDenseConvs; ++i) {
    const int64_t conv = i % kDenseConvs + 1, dense = i / kDenseConvs % kDenseBlocks + 1;
    const auto [in, out] = dense_channels(options, conv);
    const int64_t block = i / (kDenseConvs * kDenseBlocks);
    state.expect(options.kind, dense_conv_name(block, dense, conv) + ".weight", {out, in, 3, 3});
  }
}

}  // namespace

bool matches_rrdb(std::string_view kind) { return kRrdb.count(kind).has_value(); }

std::shared_ptr<ImageModule> make_rrdb(const GeneratorOptions& options) {
  if (options.input_nc != options.output_nc) {
    throw Error(ErrorKind::kUsage,
                message("[", options.kind, "] found input-nc ", options.input_nc, " and output-nc ",
                        options.output_nc, ", expected the same: the scale shows in their ratio"));
  }
  if (kEnlarged % options.scale != 0) {
    throw Error(ErrorKind::kUsage, message("--scale ", options.scale, ": rrdb has 1, 2 and 4"));
  }
  return std::make_shared<Rrdb>(options, kRrdb.count(options.kind).value());
}

int64_t rrdb_size_multiple(const GeneratorOptions& options) { return unshuffled(options); }

bool infer_rrdb(const TensorList& tensors, GeneratorOptions& options) {
  const StateShapes state(tensors);
  const std::string first = "conv_first.weight", last = "conv_last.weight";
  if (!state.has_kernel(first, 3) || !state.has_kernel(dense_conv_name(0, 1, 1) + ".weight", 3)) {
    return false;
  }
  int64_t blocks = 1;
  while (state.has(dense_conv_name(blocks, 1, 1) + ".weight")) ++blocks;
  options = GeneratorOptions{};
  options.kind = kRrdb.name(blocks);
  options.ngf = state.size(first, 0);
  options.growth = state.size(dense_conv_name(0, 1, 1) + ".weight", 0);
  options.norm = Norm::kNone;
  options.dropout = false;
  if (state.has_kernel(last, 3)) options.input_nc = options.output_nc = state.size(last, 0);
  options.scale = kEnlarged;
  while (options.scale > 1 && first_channels(options) < state.size(first, 1)) options.scale /= 2;
  require_possible(options, "blocks", blocks, CountedKind::kMost);
  require_possible(options, "features", options.ngf, kMostFeatures);
  require_possible(options, "channels of growth", options.growth, kMostFeatures);
  require_possible(options, "output channels", options.output_nc, kMostColours);
  state.expect(options.kind, first, {options.ngf, first_channels(options), 3, 3});
  expect_dense_blocks(state, options, blocks);
  for (const char* name : {"conv_body", "conv_up1", "conv_up2", "conv_hr"}) {
    state.expect(options.kind, message(name, ".weight"), {options.ngf, options.ngf, 3, 3});
  }
  state.expect(options.kind, last, {options.output_nc, options.ngf, 3, 3});
  return true;
}

int64_t rrdb_bytes_per_pixel(const GeneratorOptions& options) {
  // At the full size features, what they are enlarged from and made into, and the result; before
  // that a dense block's planes, one beside the other and each on its own.
  const int64_t small = unshuffled(options) * unshuffled(options), large = kEnlarged * kEnlarged;
  const int64_t dense = 4 * (options.ngf + kDenseConvs * options.growth);
  return 4 * (options.ngf + std::max(dense, large * (3 * options.ngf + 2 * options.output_nc))) /
             small +
         4 * 3 * options.input_nc;
}

bool is_rrdb_encoder(const GeneratorOptions&, std::string_view parameter) {
  return parameter.starts_with("conv_first.") || parameter.starts_with("body.") ||
         parameter.starts_with("conv_body.");
}

std::vector<LayerNode> rrdb_graph(const TensorList& state, const GeneratorOptions& options) {
  const GraphReader reader(state, options);
  const int64_t channels = options.input_nc, square = unshuffled(options);
  LayerGraph graph(1);
  // To [0, 1] in a convolution of its own: beyond the border the next one sees zeros.
  LayerNode range;
  range.inputs = {0};
  range.weight = at::eye(channels).view({channels, channels, 1, 1}) * 0.5;
  range.bias = at::full({channels}, 0.5);
  graph.push_back(range);
  const auto add = [&](const std::string& name) -> LayerNode& {
    graph.push_back(reader.conv(name, graph.size() - 1, kSame));
    return graph.back();
  };
  // 3x3 squares of pixels that are channels: one larger square of pixels, in steps of a small one.
  LayerNode& first_conv = add("conv_first");
  first_conv.weight = at::pixel_shuffle(first_conv.weight, square);
  first_conv.geometry = {Direction::kForward, square, square, 0};
  const size_t first = graph.size() - 1;
  for (int64_t i = 0; i < kRrdb.count(options.kind).value(); ++i) add_block(graph, reader, i);
  add("conv_body").residuals = {{first}};
  for (const char* name : {"conv_up1", "conv_up2"}) {
    enlarge(add(name));
    graph.back().activation = Activation::kLeakyRelu;
  }
  add("conv_hr").activation = Activation::kLeakyRelu;
  LayerNode& last = add("conv_last");
  multiply(last, 2);
  last.bias = last.bias - 1;
  return graph;
}

}  // namespace solstice
