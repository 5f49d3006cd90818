#include "models/networks/plane_norm.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

#include "models/networks/cpu_kernels.h"
#include "models/networks/fused_norm.h"

namespace solstice {
namespace {

/// Sums of so many pixels are made apart and added in order: the same for every number of threads.
constexpr int64_t kPixelsOfSum = 1024;

const NormKernels<float>& norm_kernels(float) { return cpu_kernels().norm; }
const NormKernels<Bf16>& norm_kernels(Bf16) { return cpu_kernels().norm_bf16; }

/// Pixels that share their statistics: those of one image, or of the whole batch.
struct Planes {
  int64_t count, pixels, channels;
};
Planes planes_of(const at::Tensor& x, bool whole_batch) {
  const int64_t pixels = x.size(2) * x.size(3);
  return whole_batch ? Planes{1, x.size(0) * pixels, x.size(1)}
                     : Planes{x.size(0), pixels, x.size(1)};
}

/// `work(first pixel, pixels)` for all pixels of a plane, in parallel.
template <class Work>
void for_pixels(const Planes& planes, const Work& work) {
  at::parallel_for(0, planes.pixels, kPixelsOfSum / 4,
                   [&](int64_t begin, int64_t end) { work(begin, end - begin); });
}

/// Two sums per channel of a plane, (2C); `add(first pixel, pixels, sums)` adds a part of them.
template <class Add>
std::vector<double> plane_sums(const Planes& planes, const Add& add) {
  const int64_t parts = (planes.pixels + kPixelsOfSum - 1) / kPixelsOfSum;
  const size_t width = static_cast<size_t>(2 * planes.channels);
  std::vector<double> partial(width * static_cast<size_t>(parts));
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = part * kPixelsOfSum;
      add(first, std::min(kPixelsOfSum, planes.pixels - first),
          partial.data() + static_cast<size_t>(part) * width);
    }
  });
  for (size_t i = width; i < partial.size(); ++i) partial[i % width] += partial[i];
  partial.resize(width);
  return partial;
}

template <class Pixel>
Pixel* plane_of(const at::Tensor& x, const Planes& planes, int64_t n) {
  return static_cast<Pixel*>(x.data_ptr()) + n * planes.pixels * planes.channels;
}

template <class Pixel>
PlaneStatistics statistics_as(const at::Tensor& x, const Planes& planes) {
  const size_t channels = static_cast<size_t>(planes.channels);
  const at::Tensor mean = at::empty({planes.count, planes.channels}, at::kFloat);
  const at::Tensor var = at::empty_like(mean);
  for (int64_t n = 0; n < planes.count; ++n) {
    const Pixel* from = plane_of<const Pixel>(x, planes, n);
    // Distances from the first pixel: squares of values far from zero would cancel.
    const at::Tensor shift =
        x.permute({0, 2, 3, 1}).reshape({-1, planes.channels})[n * planes.pixels].to(at::kFloat);
    const float* zero = shift.const_data_ptr<float>();
    const std::vector<double> sums =
        plane_sums(planes, [&](int64_t first, int64_t count, double* into) {
          norm_kernels(Pixel{}).statistics(from + first * planes.channels, zero, count,
                                           planes.channels, into);
        });
    float* means = mean[n].data_ptr<float>();
    float* vars = var[n].data_ptr<float>();
    for (size_t c = 0; c < channels; ++c) {
      const double pixels = static_cast<double>(planes.pixels), distance = sums[c] / pixels;
      means[c] = static_cast<float>(zero[c] + distance);
      vars[c] =
          static_cast<float>(std::max(0.0, sums[channels + c] / pixels - distance * distance));
    }
  }
  return {mean, var};
}

/// The map of a plane, and what it points to.
struct PlaneMap {
  PlaneMap(const at::Tensor& mean, const at::Tensor& var, const at::Tensor& weight,
           const at::Tensor& bias, double slope)
      : scale((var + kNormEps).rsqrt()),
        offset(-mean * scale),
        map{scale.const_data_ptr<float>(), offset.const_data_ptr<float>(),
            weight.const_data_ptr<float>(), bias.const_data_ptr<float>(),
            static_cast<float>(slope)} {}
  at::Tensor scale, offset;
  NormMap map;
};

template <class Pixel>
void apply_as(const PlaneNorm& norm, const at::Tensor& residual, const at::Tensor& y) {
  const Planes planes = planes_of(norm.x, norm.whole_batch);
  for (int64_t n = 0; n < planes.count; ++n) {
    const PlaneMap plane(norm.statistics.mean[n], norm.statistics.var[n], norm.weight, norm.bias,
                         norm.slope);
    const Pixel* from = plane_of<const Pixel>(norm.x, planes, n);
    const Pixel* onto =
        residual.numel() != 0 ? plane_of<const Pixel>(residual, planes, n) : nullptr;
    Pixel* to = plane_of<Pixel>(y, planes, n);
    for_pixels(planes, [&](int64_t first, int64_t count) {
      const int64_t at = first * planes.channels;
      norm_kernels(Pixel{}).apply(from + at, plane.map, onto == nullptr ? nullptr : onto + at,
                                  count, planes.channels, to + at);
    });
  }
}

/// dx = scale * weight * (g - mean(g) - x^ * mean(g x^)).
at::Tensor gradient_factors(const PlaneMap& plane, const double* sums, const Planes& planes) {
  const int64_t channels = planes.channels;
  at::Tensor factors = at::empty({3, channels}, at::kFloat);
  float* by_gradient = factors.data_ptr<float>();
  for (int64_t c = 0; c < channels; ++c) {
    const double factor = static_cast<double>(plane.map.scale[c]) * plane.map.weight[c];
    const double pixels = static_cast<double>(planes.pixels);
    by_gradient[c] = static_cast<float>(factor);
    by_gradient[channels + c] = static_cast<float>(-factor * sums[channels + c] / pixels);
    by_gradient[2 * channels + c] = static_cast<float>(-factor * sums[c] / pixels);
  }
  return factors;
}

template <class Pixel>
NormGradients gradients_as(const PlaneNorm& norm, const at::Tensor& dy) {
  const Planes planes = planes_of(norm.x, norm.whole_batch);
  const int64_t channels = planes.channels;
  const NormKernels<Pixel>& kernels = norm_kernels(Pixel{});
  NormGradients gradients{at::empty_like(norm.x), at::zeros({channels}, at::kFloat),
                          at::zeros({channels}, at::kFloat)};
  for (int64_t n = 0; n < planes.count; ++n) {
    const PlaneMap plane(norm.statistics.mean[n], norm.statistics.var[n], norm.weight, norm.bias,
                         norm.slope);
    const Pixel* from = plane_of<const Pixel>(norm.x, planes, n);
    const Pixel* above = plane_of<const Pixel>(dy, planes, n);
    Pixel* to = plane_of<Pixel>(gradients.x, planes, n);
    const std::vector<double> sums =
        plane_sums(planes, [&](int64_t first, int64_t count, double* into) {
          kernels.gradient_sums(from + first * channels, above + first * channels, plane.map, count,
                                channels, into);
        });
    for (int64_t c = 0; c < channels; ++c) {
      gradients.bias.data_ptr<float>()[c] += static_cast<float>(sums[static_cast<size_t>(c)]);
      gradients.weight.data_ptr<float>()[c] +=
          static_cast<float>(sums[static_cast<size_t>(channels + c)]);
    }
    const at::Tensor factors = gradient_factors(plane, sums.data(), planes);
    for_pixels(planes, [&](int64_t first, int64_t count) {
      const int64_t at = first * channels;
      kernels.gradient(from + at, above + at, plane.map, factors.const_data_ptr<float>(), count,
                       channels, to + at);
    });
  }
  return gradients;
}

}  // namespace

PlaneStatistics plane_statistics(const at::Tensor& x, bool whole_batch) {
  const Planes planes = planes_of(x, whole_batch);
  return x.dtype() == at::kFloat ? statistics_as<float>(x, planes) : statistics_as<Bf16>(x, planes);
}

at::Tensor plane_norm(const PlaneNorm& norm, const at::Tensor& residual) {
  const at::Tensor y = at::empty_like(norm.x);
  plane_norm_into(norm, residual, y);
  return y;
}

void plane_norm_into(const PlaneNorm& norm, const at::Tensor& residual, const at::Tensor& y) {
  norm.x.dtype() == at::kFloat ? apply_as<float>(norm, residual, y)
                               : apply_as<Bf16>(norm, residual, y);
}

NormGradients plane_norm_gradients(const PlaneNorm& norm, const at::Tensor& dy) {
  return norm.x.dtype() == at::kFloat ? gradients_as<float>(norm, dy)
                                      : gradients_as<Bf16>(norm, dy);
}

}  // namespace solstice
