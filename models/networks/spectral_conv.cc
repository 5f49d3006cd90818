#include "models/networks/spectral_conv.h"

#include <ATen/ATen.h>

#include <cmath>

namespace solstice {
namespace {

at::Tensor normalized(const at::Tensor& vector) { return vector / vector.norm().clamp_min(1e-12); }

}  // namespace

SpectralConv::SpectralConv(int64_t in, int64_t out, Kernel kernel, bool with_bias)
    : kernel_(kernel) {
  // LibTorch's own start for a convolution: initialize() draws anew for whoever trains.
  const double bound = 1 / std::sqrt(static_cast<double>(in * kernel.size * kernel.size));
  weight = register_parameter(
      "weight_orig", at::empty({out, in, kernel.size, kernel.size}).uniform_(-bound, bound));
  if (with_bias) bias = register_parameter("bias", at::empty({out}).uniform_(-bound, bound));
  u_ = register_buffer("weight_u", normalized(at::randn({out})));
  v_ = register_buffer("weight_v", normalized(at::randn({in * kernel.size * kernel.size})));
}

at::Tensor SpectralConv::largest_singular_value() {
  const at::Tensor matrix = weight.flatten(1);
  if (is_training()) {
    const at::NoGradGuard no_grad;
    v_.copy_(normalized(at::mv(matrix.t(), u_)));
    u_.copy_(normalized(at::mv(matrix, v_)));
  }
  // Copies: the next pass changes the buffers before this one's backward reads them.
  return at::dot(u_.clone(), at::mv(matrix, v_.clone()));
}

at::Tensor SpectralConv::forward(at::Tensor x) {
  const at::Tensor scaled = weight / largest_singular_value();
  return at::conv2d(x, scaled, bias, kernel_.stride, kernel_.padding);
}

}  // namespace solstice
