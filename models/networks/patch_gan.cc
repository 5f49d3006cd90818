#include "models/networks/patch_gan.h"

#include <algorithm>

#include "models/networks/fused_sequence.h"
#include "models/networks/layers.h"
#include "models/networks/spectral_conv.h"

namespace nn = torch::nn;

namespace solstice {
namespace {

void push_judging_conv(nn::Sequential& layers, const DiscriminatorOptions& options, int64_t in,
                       int64_t out, Kernel kernel, bool bias) {
  if (options.spectral_norm) {
    layers->push_back(std::make_shared<SpectralConv>(in, out, kernel, bias));
  } else {
    push_conv(layers, in, out, kernel, bias);
  }
}

struct PatchGan : ImageModule {
  PatchGan(const DiscriminatorOptions& options, int64_t n_layers)
      : kind_(options.kind), limits_{options.input_nc, 1, int64_t{3} << n_layers} {
    nn::Sequential layers;
    push_judging_conv(layers, options, options.input_nc, options.ndf, {4, 2, 1}, true);
    push_leaky_relu(layers);
    int64_t filters = options.ndf;
    for (int64_t n = 1; n <= n_layers; ++n) {
      const int64_t wider = options.ndf * std::min<int64_t>(int64_t{1} << n, 8);
      const int64_t stride = n < n_layers ? 2 : 1;
      push_judging_conv(layers, options, filters, wider, {4, stride, 1}, has_bias(options.norm));
      push_norm(layers, options.norm, wider);
      push_leaky_relu(layers);
      filters = wider;
    }
    push_judging_conv(layers, options, filters, 1, {4, 1, 1}, true);
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

struct PixelDiscriminator : ImageModule {
  explicit PixelDiscriminator(const DiscriminatorOptions& options)
      : kind_(options.kind), limits_{options.input_nc, 1, 1} {
    constexpr Kernel kPixel{1, 1, 0};
    nn::Sequential layers;
    push_judging_conv(layers, options, options.input_nc, options.ndf, kPixel, true);
    push_leaky_relu(layers);
    push_judging_conv(layers, options, options.ndf, 2 * options.ndf, kPixel,
                      has_bias(options.norm));
    push_norm(layers, options.norm, 2 * options.ndf);
    push_leaky_relu(layers);
    push_judging_conv(layers, options, 2 * options.ndf, 1, kPixel, has_bias(options.norm));
    net_ = register_module("net", layers);
  }

  at::Tensor forward(at::Tensor x) override {
    check_image(x, kind_, limits_);
    return forward_fused(net_, in_fast_layout(x));
  }

 private:
  std::string kind_;
  ImageLimits limits_;
  nn::Sequential net_{nullptr};
};

}  // namespace

std::shared_ptr<ImageModule> make_basic_discriminator(const DiscriminatorOptions& options) {
  return std::make_shared<PatchGan>(options, 3);
}

std::shared_ptr<ImageModule> make_n_layers_discriminator(const DiscriminatorOptions& options) {
  return std::make_shared<PatchGan>(options, options.n_layers);
}

std::shared_ptr<ImageModule> make_pixel_discriminator(const DiscriminatorOptions& options) {
  return std::make_shared<PixelDiscriminator>(options);
}

}  // namespace solstice
