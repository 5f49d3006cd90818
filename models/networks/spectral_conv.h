#pragma once

#include "models/networks/image_module.h"
#include "models/networks/layers.h"

namespace solstice {

/// A convolution whose weight is divided by its largest singular value (Miyato et al. 2018), so
/// that a discriminator's slope stays bounded. One power iteration a forward pass in training, none
/// in evaluation. Tensors as PyTorch's spectral_norm names them: `weight_orig` (out, in, k, k),
/// `bias`, and the buffers `weight_u` (out) and `weight_v` (in x k x k).
struct SpectralConv : ImageModule {
  SpectralConv(int64_t in, int64_t out, Kernel kernel, bool bias);
  at::Tensor forward(at::Tensor x) override;

  at::Tensor weight;  ///< registered as weight_orig
  at::Tensor bias;    ///< undefined without one

 private:
  at::Tensor largest_singular_value();

  Kernel kernel_;
  at::Tensor u_, v_;
};

}  // namespace solstice
