#include "models/networks/edsr.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/pixel_shuffle.h>
#include <ATen/ops/tensor.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/counted_kind.h"
#include "models/networks/fused_sequence.h"
#include "models/networks/infer.h"
#include "models/networks/layer_conv.h"
#include "models/networks/layer_graph.h"
#include "models/networks/layers.h"
#include "models/networks/shuffle_factors.h"

namespace nn = torch::nn;

namespace solstice {
namespace {

constexpr CountedKind kEdsr{"edsr_", "blocks"};
constexpr Kernel kEdsrConv{3, 1, 1};

at::Tensor convolved(const nn::Conv2dImpl& conv, const at::Tensor& x) {
  return layer_conv(x, conv.weight, conv.bias, {Direction::kForward, 1, 1, 0});
}

/// While it lives, autocast does nothing on this thread.
using FullPrecision = c10::impl::ExcludeDispatchKeyGuard;

/// Half of the range that the published code works in, 0 to 255.
constexpr double kHalfRange = 127.5;

/// Its mean of the training images, as shares of the range.
constexpr std::array kMean{0.4488, 0.4371, 0.4040};

/// Of what a block adds to its input: see edsr.h.
double residual_scale(int64_t ngf) { return ngf >= 256 ? 0.1 : 1; }

/// A 1x1 convolution that no training changes.
struct MeanShift : ImageModule {
  explicit MeanShift(double sign) {
    weight_ = register_buffer("weight", at::eye(3).view({3, 3, 1, 1}));
    bias_ = register_buffer(
        "bias", at::tensor(at::ArrayRef<double>(kMean), at::kFloat) * (sign * 2 * kHalfRange));
  }
  at::Tensor forward(at::Tensor x) override { return at::conv2d(x, weight_, bias_); }

 private:
  at::Tensor weight_, bias_;
};

struct EdsrBlock : ImageModule {
  explicit EdsrBlock(int64_t filters) : scale_(residual_scale(filters)) {
    nn::Sequential layers;
    push_conv(layers, filters, filters, kEdsrConv, true);
    push_relu(layers);
    push_conv(layers, filters, filters, kEdsrConv, true);
    body_ = register_module("body", layers);
  }
  at::Tensor forward(at::Tensor x) override { return x.add(forward_fused(body_, x), scale_); }

 private:
  double scale_;
  nn::Sequential body_{nullptr};
};

/// Channels that carry the image through a new network.
constexpr int64_t kCarried = 3;

/// What a bilinear enlargement by `factor` takes of each of the three pixels at, and next to, its
/// own in phase `phase`.
std::array<double, 3> bilinear_taps(int64_t phase, int64_t factor) {
  const double place = (static_cast<double>(phase) + 0.5) / static_cast<double>(factor) - 0.5;
  return {std::max(0.0, -place), 1 - std::abs(place), std::max(0.0, place)};
}

/// Makes the outputs of a convolution that show channel `c`, one for each phase of the shuffle that
/// follows, its bilinear enlargement.
void carry(nn::Conv2dImpl& conv, int64_t c, int64_t factor) {
  for (int64_t phase = 0; phase < factor * factor; ++phase) {
    const auto down = bilinear_taps(phase / factor, factor);
    const auto across = bilinear_taps(phase % factor, factor);
    const at::Tensor weight = conv.weight[c * factor * factor + phase].zero_();
    conv.bias[c * factor * factor + phase].zero_();
    for (int64_t y = 0; y < 3; ++y) {
      for (int64_t x = 0; x < 3; ++x) {
        weight[c][y][x] = down.at(static_cast<size_t>(y)) * across.at(static_cast<size_t>(x));
      }
    }
  }
}

/// Convolution, shuffle, convolution, shuffle, ...: named by their places.
struct Upsampler : ImageModule {
  Upsampler(int64_t filters, int64_t scale) : factors_(shuffle_factors("edsr", scale)) {
    for (size_t i = 0; i < factors_.size(); ++i) {
      nn::Sequential conv;
      push_conv(conv, filters, filters * factors_[i] * factors_[i], kEdsrConv, true);
      convs_.push_back(
          register_module(message(2 * i), std::dynamic_pointer_cast<nn::Conv2dImpl>(conv->ptr(0))));
    }
  }
  at::Tensor forward(at::Tensor x) override {
    for (size_t i = 0; i < factors_.size(); ++i) {
      x = at::pixel_shuffle(convolved(*convs_[i], x), factors_[i]);
    }
    return x;
  }

  void begin_bilinear() {
    for (size_t i = 0; i < factors_.size(); ++i) {
      for (int64_t c = 0; c < kCarried; ++c) carry(*convs_[i], c, factors_[i]);
    }
  }

 private:
  std::vector<int64_t> factors_;
  std::vector<std::shared_ptr<nn::Conv2dImpl>> convs_;
};

struct Edsr : ImageModule {
  Edsr(const GeneratorOptions& options, int64_t blocks)
      : kind_(options.kind), limits_{options.input_nc, 1, 1} {
    if (options.input_nc != 3 || options.output_nc != 3) {
      throw Error(ErrorKind::kUsage,
                  message("[", kind_, "] found input-nc ", options.input_nc, " and output-nc ",
                          options.output_nc, ", expected 3 and 3"));
    }
    const int64_t ngf = options.ngf;
    sub_mean_ = register_module("sub_mean", std::make_shared<MeanShift>(-1));
    add_mean_ = register_module("add_mean", std::make_shared<MeanShift>(1));
    nn::Sequential head, body, tail;
    push_conv(head, 3, ngf, kEdsrConv, true);
    for (int64_t i = 0; i < blocks; ++i) body->push_back(std::make_shared<EdsrBlock>(ngf));
    push_conv(body, ngf, ngf, kEdsrConv, true);
    tail->push_back(std::make_shared<Upsampler>(ngf, options.scale));
    push_conv(tail, ngf, 3, kEdsrConv, true);
    head_ = register_module("head", head);
    body_ = register_module("body", body);
    tail_ = register_module("tail", tail);
    if (ngf >= kCarried) begin_bilinear();
  }

  at::Tensor forward(at::Tensor x) override {
    check_image(x, kind_, limits_);
    x = first(in_fast_layout(x));
    return last(tail_[0]->as<Upsampler>()->forward(forward_fused(body_, x) + x));
  }

 private:
  /// A new network enlarges bilinearly, which spares the training the thousand steps in which it
  /// would learn to pass on what it sees: three channels carry the image, the body adds nothing.
  void begin_bilinear() {
    const at::NoGradGuard no_grad;
    for (int64_t c = 0; c < kCarried; ++c) carry(conv_of(*head_->ptr(0)), c, 1);
    nn::Module& body_end = *body_->ptr(body_->size() - 1);
    conv_of(body_end).weight.zero_();
    conv_of(body_end).bias.zero_();
    tail_[0]->as<Upsampler>()->begin_bilinear();
    nn::Conv2dImpl& last = conv_of(*tail_->ptr(1));
    for (int64_t c = 0; c < kCarried; ++c) carry(last, c, 1);
  }

  static nn::Conv2dImpl& conv_of(nn::Module& module) { return *module.as<nn::Conv2dImpl>(); }

  // What stands at both ends stays in float32: 8 bits of mantissa show in pixels of 8 bits.

  at::Tensor first(const at::Tensor& x) {
    const FullPrecision guard(c10::autocast_dispatch_keyset);
    return forward_fused(head_, sub_mean_->forward((x + 1) * kHalfRange));
  }

  at::Tensor last(const at::Tensor& x) {
    const FullPrecision guard(c10::autocast_dispatch_keyset);
    const at::Tensor image = convolved(conv_of(*tail_->ptr(1)), x.to(type()));
    return add_mean_->forward(image) * (1 / kHalfRange) - 1;
  }

  at::ScalarType type() { return conv_of(*head_->ptr(0)).weight.scalar_type(); }

  std::string kind_;
  ImageLimits limits_;
  std::shared_ptr<MeanShift> sub_mean_, add_mean_;
  nn::Sequential head_{nullptr}, body_{nullptr}, tail_{nullptr};
};

}  // namespace

bool matches_edsr(std::string_view kind) { return kEdsr.count(kind).has_value(); }

std::shared_ptr<ImageModule> make_edsr(const GeneratorOptions& options) {
  return std::make_shared<Edsr>(options, kEdsr.count(options.kind).value());
}

int64_t edsr_size_multiple(const GeneratorOptions&) { return 1; }

bool infer_edsr(const TensorList& tensors, GeneratorOptions& options) {
  const StateShapes state(tensors);
  if (!state.has_kernel("head.0.weight", 3) || !state.has_kernel("body.0.body.0.weight", 3)) {
    return false;
  }
  int64_t blocks = 0;
  while (blocks < CountedKind::kMost && state.has(message("body.", blocks, ".body.0.weight")))
    ++blocks;
  options = GeneratorOptions{};
  options.kind = kEdsr.name(blocks);
  options.ngf = state.size("head.0.weight", 0);
  options.norm = Norm::kNone;
  options.dropout = false;
  if (state.has_kernel("tail.0.0.weight", 3)) {
    const int64_t share = state.size("tail.0.0.weight", 0) / options.ngf;
    const bool again = state.has("tail.0.2.weight");
    options.scale = again ? (state.has("tail.0.4.weight") ? 8 : 4) : (share == 9 ? 3 : 2);
  }
  const int64_t ngf = options.ngf;
  state.expect(options.kind, "head.0.weight", {ngf, 3, 3, 3});
  state.expect(options.kind, "body.0.body.0.weight", {ngf, ngf, 3, 3});
  for (const int64_t factor : shuffle_factors("edsr", options.scale)) {
    state.expect(options.kind, "tail.0.0.weight", {ngf * factor * factor, ngf, 3, 3});
  }
  state.expect(options.kind, "tail.1.weight", {3, ngf, 3, 3});
  return true;
}

int64_t edsr_bytes_per_pixel(const GeneratorOptions& options) {
  // The shuffled features and what they are made from, or the body's three planes.
  const int64_t larger = options.scale * options.scale;
  return 4 * (options.ngf * std::max<int64_t>(3, 1 + 2 * larger) + 4 * 3 * (1 + larger));
}

bool is_edsr_encoder(const GeneratorOptions&, std::string_view parameter) {
  return !parameter.starts_with("tail.");
}

std::vector<LayerNode> edsr_graph(const TensorList& state, const GeneratorOptions& options) {
  const GraphReader reader(state, options);
  const ConvGeometry point{Direction::kForward, 1, 0, 0}, same{Direction::kForward, 1, 1, 0};
  LayerGraph graph(1);
  const auto add = [&](const std::string& name, ConvGeometry geometry) -> LayerNode& {
    graph.push_back(reader.conv(name, graph.size() - 1, geometry));
    return graph.back();
  };
  // (x + 1) half - mean, in a convolution of its own: beyond the border the next one sees zeros.
  LayerNode& first = add("sub_mean", point);
  first.bias = first.bias + first.weight.flatten(1).sum(1) * kHalfRange;
  first.weight = first.weight * kHalfRange;
  add("head.0", same);
  const size_t head = graph.size() - 1;
  const int64_t blocks = kEdsr.count(options.kind).value();
  for (int64_t i = 0; i < blocks; ++i) {
    const size_t before = graph.size() - 1;
    add(message("body.", i, ".body.0"), same).activation = Activation::kRelu;
    LayerNode& last = add(message("body.", i, ".body.2"), same);
    last.residuals = {{before}};
    for (at::Tensor* x : {&last.weight, &last.bias}) *x = *x * residual_scale(options.ngf);
  }
  add(message("body.", blocks), same).residuals = {{head}};
  int64_t place = 0;
  for (const int64_t factor : shuffle_factors("edsr", options.scale)) {
    add(message("tail.0.", place), same).shuffle = factor;
    place += 2;
  }
  // The mean is added, and the range left, in the last convolution: nothing pads after it.
  LayerNode last = reader.conv("tail.1", graph.size() - 1, same);
  const LayerNode shift = reader.conv("add_mean", 0, point);
  const at::Tensor mix = shift.weight.flatten(1) / kHalfRange;
  last.bias = mix.mv(last.bias) + shift.bias / kHalfRange - 1;
  last.weight = mix.mm(last.weight.flatten(1)).view(last.weight.sizes());
  graph.push_back(std::move(last));
  return graph;
}

void add_edsr_means(TensorList& tensors) {
  at::Tensor mean = at::tensor(at::ArrayRef<double>(kMean), at::kFloat);
  const auto kept = std::ranges::find(tensors, "mean", &TensorList::value_type::first);
  if (kept != tensors.end() && kept->second.numel() == 3) {
    mean = kept->second.flatten().to(at::kFloat);
    tensors.erase(kept);
  }
  for (const auto& [name, sign] : {std::pair("sub_mean", -1), std::pair("add_mean", 1)}) {
    tensors.emplace_back(message(name, ".weight"), at::eye(3).view({3, 3, 1, 1}));
    tensors.emplace_back(message(name, ".bias"), mean * (sign * 2 * kHalfRange));
  }
}

}  // namespace solstice
