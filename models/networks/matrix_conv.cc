#include "models/networks/matrix_conv.h"

#include <ATen/ops/col2im.h>
#include <ATen/ops/im2col.h>
#include <ATen/ops/mm.h>

namespace solstice {
namespace {

constexpr int64_t kFewestWeights = int64_t{1} << 20;
constexpr int64_t kMostPlaces = 64;

/// Sides of what the kernel's places make: of the result, or of a transposed convolution's input.
std::array<int64_t, 2> places_of(const at::Tensor& x, const at::Tensor& weight,
                                 const ConvGeometry& g) {
  if (g.direction == Direction::kTransposed) return {x.size(2), x.size(3)};
  const auto side = [&](int64_t dim) {
    return (x.size(dim) + 2 * g.padding - weight.size(dim)) / g.stride + 1;
  };
  return {side(2), side(3)};
}

/// (N, C, places) as (C, N x places) and back: a matrix has its images side by side.
at::Tensor side_by_side(const at::Tensor& x) {
  return x.size(0) == 1 ? x.squeeze(0) : x.transpose(0, 1).flatten(1);
}
at::Tensor apart(const at::Tensor& x, int64_t images) {
  return images == 1 ? x.unsqueeze(0) : x.unflatten(1, {images, -1}).transpose(0, 1);
}

at::Tensor transposed_product(const at::Tensor& x, const at::Tensor& weight,
                              const ConvGeometry& g) {
  const int64_t kernel = weight.size(2);
  const auto side = [&](int64_t dim) {
    return (x.size(dim) - 1) * g.stride - 2 * g.padding + kernel + g.output_padding;
  };
  const at::Tensor columns = at::mm(weight.flatten(1).t(), side_by_side(x.flatten(2)));
  return at::col2im(apart(columns, x.size(0)), {side(2), side(3)}, {kernel, kernel}, {1, 1},
                    {g.padding, g.padding}, {g.stride, g.stride});
}

at::Tensor forward_product(const at::Tensor& x, const at::Tensor& weight, const ConvGeometry& g) {
  const int64_t kernel = weight.size(2);
  const at::Tensor columns =
      at::im2col(x, {kernel, kernel}, {1, 1}, {g.padding, g.padding}, {g.stride, g.stride});
  const at::Tensor product = at::mm(weight.flatten(1), side_by_side(columns));
  const auto places = places_of(x, weight, g);
  return apart(product, x.size(0)).unflatten(2, {places[0], places[1]});
}

/// Padding by name ("same") is nothing that push_conv makes.
template <class Options>
int64_t padding_of(const Options& options) {
  return std::get<torch::ExpandingArray<2>>(options.padding())->at(0);
}

}  // namespace

at::Tensor matrix_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const ConvGeometry& g) {
  const at::Tensor y = g.direction == Direction::kTransposed ? transposed_product(x, weight, g)
                                                             : forward_product(x, weight, g);
  return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
}

bool matrix_conv_fits(const at::Tensor& x, const at::Tensor& weight, const ConvGeometry& g) {
  if (!x.is_cpu() || x.dim() != 4 || weight.numel() < kFewestWeights || !weight.is_contiguous()) {
    return false;
  }
  const auto places = places_of(x, weight, g);
  return x.size(0) * places[0] * places[1] <= kMostPlaces;
}

at::Tensor LeanConv2d::forward(const at::Tensor& x) {
  const ConvGeometry geometry{Direction::kForward, options.stride()->at(0), padding_of(options), 0};
  if (!matrix_conv_fits(x, weight, geometry)) return Conv2dImpl::forward(x);
  return matrix_conv(x, weight, bias, geometry);
}

at::Tensor LeanConvTranspose2d::forward(const at::Tensor& x) {
  const ConvGeometry geometry{Direction::kTransposed, options.stride()->at(0), padding_of(options),
                              options.output_padding()->at(0)};
  if (!matrix_conv_fits(x, weight, geometry)) return ConvTranspose2dImpl::forward(x);
  return matrix_conv(x, weight, bias, geometry);
}

}  // namespace solstice
