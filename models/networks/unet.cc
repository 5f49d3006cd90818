#include "models/networks/unet.h"

#include <ATen/ops/cat.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/dropout.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/infer.h"
#include "models/networks/layer_graph.h"
#include "models/networks/layers.h"

namespace nn = torch::nn;

namespace solstice {
namespace {

constexpr int64_t kFewestLevels = 2;
constexpr int64_t kMostLevels = 10;
constexpr Kernel kHalve{4, 2, 1};
constexpr std::string_view kUnetPrefix = "unet_";

std::optional<int64_t> levels_of(std::string_view kind) {
  if (!kind.starts_with(kUnetPrefix)) return std::nullopt;
  for (int64_t levels = kFewestLevels; levels <= kMostLevels; ++levels) {
    if (kind.substr(kUnetPrefix.size()) == std::to_string(int64_t{1} << levels)) return levels;
  }
  return std::nullopt;
}

/// Filters that come out of level `k`'s halving.
int64_t filters_at(int64_t ngf, int64_t k) { return ngf * (int64_t{1} << std::min<int64_t>(k, 3)); }

/// One level and, nested in it, all deeper ones. Every level but the outermost returns its input
/// and its result side by side: the skip connection.
struct UnetBlock : ImageModule {
  UnetBlock(const GeneratorOptions& options, int64_t k, int64_t levels) : outermost_(k == 0) {
    const bool innermost = k == levels - 1;
    const bool bias = has_bias(options.norm);
    const int64_t outer = outermost_ ? options.input_nc : filters_at(options.ngf, k - 1);
    const int64_t inner = filters_at(options.ngf, k);
    nn::Sequential layers;
    if (!outermost_) push_leaky_relu(layers);
    push_conv(layers, outer, inner, kHalve, bias);
    if (!outermost_ && !innermost) push_norm(layers, options.norm, inner);
    if (!innermost) layers->push_back(std::make_shared<UnetBlock>(options, k + 1, levels));
    push_relu(layers);
    const int64_t joined = innermost ? inner : 2 * inner;
    if (outermost_) {
      push_transposed_conv(layers, joined, options.output_nc, kHalve, 0, true);
      layers->push_back(nn::Tanh());
    } else {
      push_transposed_conv(layers, joined, outer, kHalve, 0, bias);
      push_norm(layers, options.norm, outer);
      // The reference drops out in the levels between the first four and the bottleneck.
      if (options.dropout && k > 3 && !innermost) layers->push_back(nn::Dropout(0.5));
    }
    model_ = register_module("model", layers);
  }

  at::Tensor forward(at::Tensor x) override {
    if (outermost_) return model_->forward(x);
    // The first layer overwrites x, so the skip carries leaky_relu(x); the ReLU that reads it next
    // makes both the same.
    const at::Tensor inside = model_->forward(x);
    return at::cat({x, inside}, 1);
  }

 private:
  bool outermost_;
  nn::Sequential model_{nullptr};
};

struct Unet : ImageModule {
  Unet(const GeneratorOptions& options, int64_t levels)
      : kind_(options.kind), limits_{options.input_nc, int64_t{1} << levels, 1} {
    model_ = register_module("model", std::make_shared<UnetBlock>(options, 0, levels));
  }

  at::Tensor forward(at::Tensor x) override {
    check_image(x, kind_, limits_);
    return model_->forward(std::move(x));
  }

 private:
  std::string kind_;
  ImageLimits limits_;
  std::shared_ptr<UnetBlock> model_;
};

}  // namespace

bool matches_unet(std::string_view kind) { return levels_of(kind).has_value(); }

std::shared_ptr<ImageModule> make_unet(const GeneratorOptions& options) {
  return std::make_shared<Unet>(options, levels_of(options.kind).value());
}

int64_t unet_size_multiple(const GeneratorOptions& options) {
  return int64_t{1} << levels_of(options.kind).value();
}

bool infer_unet(const TensorList& tensors, GeneratorOptions& options) {
  const StateShapes state(tensors);
  const std::string first = "model.model.0.weight";
  const std::string last = "model.model.3.weight";
  std::string level = "model.model.1.model.";
  if (!state.has_kernel(first, 4) || !state.has(level + "1.weight")) return false;
  int64_t levels = 2;
  while (state.has(level + "3.model.1.weight")) {
    level += "3.model.";
    ++levels;
  }
  if (levels > kMostLevels) {
    throw Error(ErrorKind::kWeights, message("this looks like a U-Net of ", levels,
                                             " levels; at most ", kMostLevels, " are supported"));
  }
  options = GeneratorOptions{};
  options.kind = message(kUnetPrefix, int64_t{1} << levels);
  options.ngf = state.size(first, 0);
  options.input_nc = state.size(first, 1);
  options.norm = state.norm("model.model.0");
  options.dropout = false;
  const int64_t outer = filters_at(options.ngf, levels - 2);
  const int64_t inner = filters_at(options.ngf, levels - 1);
  state.expect(options.kind, level + "1.weight", {inner, outer, 4, 4});
  state.expect(options.kind, level + "3.weight", {inner, outer, 4, 4});
  options.output_nc = state.has_kernel(last, 4) ? state.size(last, 1) : options.input_nc;
  state.expect(options.kind, last, {2 * options.ngf, options.output_nc, 4, 4});
  return true;
}

int64_t unet_bytes_per_pixel(const GeneratorOptions& options) {
  // At the last doubling: the two halves of the outermost skip and their concatenation, each at a
  // quarter of the pixels, and what the convolution packs. 317 measured for unet_256.
  return 4 * (5 * options.ngf / 4 + options.input_nc + 2 * options.output_nc);
}

std::vector<LayerNode> unet_graph(const TensorList& state, const GeneratorOptions& options) {
  const GraphReader reader(state, options);
  const int64_t levels = levels_of(options.kind).value();
  const ConvGeometry halve{Direction::kForward, 2, 1, 0}, twice{Direction::kTransposed, 2, 1, 0};
  std::vector<std::string> prefixes{"model.model."};
  for (int64_t k = 1; k < levels; ++k) {
    prefixes.push_back(message(prefixes.back(), k == 1 ? "1.model." : "3.model."));
  }
  LayerGraph graph(1);
  for (size_t k = 0; k < prefixes.size(); ++k) {
    const bool innermost = k + 1 == prefixes.size();
    const std::string conv = message(prefixes[k], k == 0 ? 0 : 1);
    LayerNode node = k == 0 || innermost
                         ? reader.conv(conv, k, halve)
                         : reader.conv_norm(conv, message(prefixes[k], 2), k, halve);
    node.activation = innermost ? Activation::kRelu : Activation::kLeakyRelu;
    graph.push_back(std::move(node));
  }
  for (size_t k = prefixes.size(); k-- > 0;) {
    const bool innermost = k + 1 == prefixes.size();
    const int64_t slot = k == 0 || innermost ? 3 : 5;
    const std::string conv = message(prefixes[k], slot), norm = message(prefixes[k], slot + 1);
    LayerNode node =
        k == 0 ? reader.conv(conv, k + 1, twice) : reader.conv_norm(conv, norm, k + 1, twice);
    node.activation = k == 0 ? Activation::kTanh : Activation::kRelu;
    if (!innermost) node.inputs.push_back(graph.size() - 1);
    node.rectifies_inputs = !innermost;
    graph.push_back(std::move(node));
  }
  return graph;
}

bool is_unet_encoder(const GeneratorOptions&, std::string_view parameter) {
  // "model.model.0.weight" outermost; deeper "...model.1.weight" and its norm "...model.2.weight".
  constexpr std::string_view kOutermost = "model.model.";
  const size_t end = parameter.rfind('.');
  const size_t begin = parameter.rfind("model.");
  if (end == std::string_view::npos || begin == std::string_view::npos) return false;
  const std::string_view slot = parameter.substr(begin + 6, end - begin - 6);
  const bool outermost = parameter.starts_with(kOutermost) && begin + 6 == kOutermost.size();
  return outermost ? slot == "0" : slot == "1" || slot == "2";
}

}  // namespace solstice
