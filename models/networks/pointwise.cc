#include "models/networks/pointwise.h"

#include "models/networks/fused_sequence.h"
#include "models/networks/infer.h"
#include "models/networks/layer_graph.h"
#include "models/networks/layers.h"

namespace nn = torch::nn;

namespace solstice {
namespace {

constexpr Kernel kPoint{1, 1, 0};
constexpr const char* kFirst = "model.0.weight";
constexpr const char* kLast = "model.2.weight";

struct Pointwise : ImageModule {
  explicit Pointwise(const GeneratorOptions& options)
      : kind_(options.kind), limits_{options.input_nc, 1, 1} {
    nn::Sequential layers;
    push_conv(layers, options.input_nc, options.ngf, kPoint, true);
    push_relu(layers);
    push_conv(layers, options.ngf, options.output_nc, kPoint, true);
    model_ = register_module("model", layers);
  }

  at::Tensor forward(at::Tensor x) override {
    check_image(x, kind_, limits_);
    return forward_fused(model_, in_fast_layout(x));
  }

 private:
  std::string kind_;
  ImageLimits limits_;
  nn::Sequential model_{nullptr};
};

}  // namespace

bool matches_pointwise(std::string_view kind) { return kind == "pointwise"; }

std::shared_ptr<ImageModule> make_pointwise(const GeneratorOptions& options) {
  return std::make_shared<Pointwise>(options);
}

int64_t pointwise_size_multiple(const GeneratorOptions&) { return 1; }

bool infer_pointwise(const TensorList& tensors, GeneratorOptions& options) {
  const StateShapes state(tensors);
  if (!state.has_kernel(kFirst, 1) || !state.has_kernel(kLast, 1)) return false;
  options = GeneratorOptions{};
  options.kind = "pointwise";
  options.ngf = state.size(kFirst, 0);
  options.input_nc = state.size(kFirst, 1);
  options.output_nc = state.size(kLast, 0);
  options.norm = Norm::kNone;
  options.dropout = false;
  state.expect(options.kind, kLast, {options.output_nc, options.ngf, 1, 1});
  return true;
}

int64_t pointwise_bytes_per_pixel(const GeneratorOptions& options) {
  return 4 * (options.ngf + 4 * (options.input_nc + options.output_nc));
}

bool is_pointwise_encoder(const GeneratorOptions&, std::string_view parameter) {
  return parameter.starts_with("model.0.");
}

std::vector<LayerNode> pointwise_graph(const TensorList& state, const GeneratorOptions& options) {
  const GraphReader reader(state, options);
  const ConvGeometry point{Direction::kForward, 1, 0, 0};
  LayerGraph graph(1);
  graph.push_back(reader.conv("model.0", 0, point));
  graph.back().activation = Activation::kRelu;
  graph.push_back(reader.conv("model.2", 1, point));
  return graph;
}

}  // namespace solstice
