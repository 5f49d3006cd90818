#include "models/networks/resnet.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/padding.h>

#include <charconv>

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

constexpr CountedKind kResnet{"resnet_", "blocks"};
constexpr int64_t kFirstBlock = 10;  ///< its index in `model`, after three times conv, norm, relu

void push_reflection_pad(nn::Sequential& layers, int64_t padding) {
  layers->push_back(nn::ReflectionPad2d(nn::ReflectionPad2dOptions(padding)));
}

struct ResnetBlock : ImageModule {
  ResnetBlock(int64_t filters, Norm norm, bool dropout) {
    nn::Sequential layers;
    push_reflection_pad(layers, 1);
    push_conv(layers, filters, filters, {3, 1, 0}, has_bias(norm));
    push_norm(layers, norm, filters);
    push_relu(layers);
    // Moves the names of what follows, in the reference too.
    if (dropout) layers->push_back(nn::Dropout(0.5));
    push_reflection_pad(layers, 1);
    push_conv(layers, filters, filters, {3, 1, 0}, has_bias(norm));
    push_norm(layers, norm, filters);
    conv_block_ = register_module("conv_block", layers);
  }

  at::Tensor forward(at::Tensor x) override { return forward_fused(conv_block_, x, x); }

 private:
  nn::Sequential conv_block_{nullptr};
};

struct Resnet : ImageModule {
  Resnet(const GeneratorOptions& options, int64_t blocks)
      : kind_(options.kind), limits_{options.input_nc, 4, 8} {
    const int64_t ngf = options.ngf;
    nn::Sequential layers;
    push_reflection_pad(layers, 3);
    push_stage(layers, options, options.input_nc, ngf, {7, 1, 0});
    push_stage(layers, options, ngf, 2 * ngf, {3, 2, 1});
    push_stage(layers, options, 2 * ngf, 4 * ngf, {3, 2, 1});
    for (int64_t i = 0; i < blocks; ++i) {
      layers->push_back(std::make_shared<ResnetBlock>(4 * ngf, options.norm, options.dropout));
    }
    for (const int64_t filters : {2 * ngf, ngf}) {
      push_transposed_conv(layers, 2 * filters, filters, {3, 2, 1}, 1, has_bias(options.norm));
      push_norm(layers, options.norm, filters);
      push_relu(layers);
    }
    push_reflection_pad(layers, 3);
    push_conv(layers, ngf, options.output_nc, {7, 1, 0}, true);
    layers->push_back(nn::Tanh());
    model_ = register_module("model", layers);
  }

  at::Tensor forward(at::Tensor x) override {
    check_image(x, kind_, limits_);
    return forward_fused(model_, in_fast_layout(x));
  }

 private:
  static void push_stage(nn::Sequential& layers, const GeneratorOptions& options, int64_t in,
                         int64_t out, Kernel kernel) {
    push_conv(layers, in, out, kernel, has_bias(options.norm));
    push_norm(layers, options.norm, out);
    push_relu(layers);
  }

  std::string kind_;
  ImageLimits limits_;
  nn::Sequential model_{nullptr};
};

}  // namespace

bool matches_resnet(std::string_view kind) { return kResnet.count(kind).has_value(); }

std::shared_ptr<ImageModule> make_resnet(const GeneratorOptions& options) {
  return std::make_shared<Resnet>(options, kResnet.count(options.kind).value());
}

int64_t resnet_size_multiple(const GeneratorOptions&) { return 4; }

bool infer_resnet(const TensorList& tensors, GeneratorOptions& options) {
  const StateShapes state(tensors);
  const std::string first = "model.1.weight";
  if (!state.has_kernel(first, 7) || !state.any_name_contains(".conv_block.")) return false;
  const auto block = [](int64_t i) { return message("model.", kFirstBlock + i, ".conv_block."); };
  int64_t blocks = 0;
  while (blocks < CountedKind::kMost && state.has(block(blocks) + "1.weight")) ++blocks;
  options = GeneratorOptions{};
  options.ngf = state.size(first, 0);
  options.input_nc = state.size(first, 1);
  options.norm = state.norm("model.1");
  // Dropout moves the block's second convolution from slot 5 to 6, where a batch norm may be.
  options.dropout = state.has_kernel(block(0) + "6.weight", 3);
  options.kind = kResnet.name(blocks);
  const std::string family = blocks == 0 ? "resnet_<n>blocks" : options.kind;
  const int64_t deep = 4 * options.ngf;
  state.expect(family, block(0) + "1.weight", {deep, deep, 3, 3});
  state.expect(family, block(0) + (options.dropout ? "6.weight" : "5.weight"), {deep, deep, 3, 3});
  const std::string last = message("model.", kFirstBlock + blocks + 7, ".weight");
  options.output_nc = state.has_kernel(last, 7) ? state.size(last, 0) : options.input_nc;
  state.expect(family, last, {options.output_nc, options.ngf, 7, 7});
  return true;
}

int64_t resnet_bytes_per_pixel(const GeneratorOptions& options) {
  // At full resolution: a convolution's result, its normalised form and the padded copy of it.
  // Measured for resnet_9blocks: 844 in NCHW, 499 in channels_last, where less is alive at once.
  return 4 * (3 * options.ngf + 4 * (options.input_nc + options.output_nc));
}

std::vector<LayerNode> resnet_graph(const TensorList& state, const GeneratorOptions& options) {
  const GraphReader reader(state, options);
  const int64_t blocks = kResnet.count(options.kind).value();
  LayerGraph graph(1);
  const auto add = [&](const std::string& prefix, int64_t conv, int64_t norm, ConvGeometry geometry,
                       Activation activation) -> LayerNode& {
    LayerNode node =
        reader.conv_norm(message(prefix, conv), message(prefix, norm), graph.size() - 1, geometry);
    node.activation = activation;
    graph.push_back(std::move(node));
    return graph.back();
  };
  const ConvGeometry same{Direction::kForward, 1, 1, 0}, halve{Direction::kForward, 2, 1, 0};
  const ConvGeometry wide{Direction::kForward, 1, 3, 0}, twice{Direction::kTransposed, 2, 1, 1};
  add("model.", 1, 2, wide, Activation::kRelu).border = Border::kReflect;
  for (const int64_t conv : {4, 7}) add("model.", conv, conv + 1, halve, Activation::kRelu);
  for (int64_t i = 0; i < blocks; ++i) {
    const std::string prefix = message("model.", kFirstBlock + i, ".conv_block.");
    const size_t before = graph.size() - 1;
    add(prefix, 1, 2, same, Activation::kRelu).border = Border::kReflect;
    const int64_t second = options.dropout ? 6 : 5;
    LayerNode& last = add(prefix, second, second + 1, same, Activation::kNone);
    last.border = Border::kReflect;
    last.residuals = {{before}};
  }
  const int64_t up = kFirstBlock + blocks;
  for (const int64_t conv : {up, up + 3}) add("model.", conv, conv + 1, twice, Activation::kRelu);
  LayerNode last = reader.conv(message("model.", up + 7), graph.size() - 1, wide);
  last.border = Border::kReflect;
  last.activation = Activation::kTanh;
  graph.push_back(std::move(last));
  return graph;
}

bool is_resnet_encoder(const GeneratorOptions&, std::string_view parameter) {
  int64_t slot = kFirstBlock;
  const size_t begin = std::string_view("model.").size();
  if (parameter.size() <= begin) return false;
  std::from_chars(parameter.data() + begin, parameter.data() + parameter.size(), slot);
  return slot < kFirstBlock;
}

}  // namespace solstice
