#include "models/networks/matrix_conv.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "models/networks/cpu_kernels.h"

namespace autograd = torch::autograd;

namespace solstice {
namespace {

constexpr int64_t kFewestWeights = int64_t{1} << 20;
constexpr int64_t kMostPlaces = 64;
constexpr int64_t kVector = 16;          ///< rows of the kernels are multiples of it
constexpr int64_t kStreams = 8;          ///< rows of the weight that are read or written at once
constexpr int64_t kStreamsOfSum = 32;    ///< the same where their sum is kept in the cache
constexpr int64_t kRowsOfTask = 64;      ///< of the weight
constexpr int64_t kColumnsOfTask = 512;  ///< of the weight
constexpr int64_t kCached = int64_t{1} << 17;  ///< floats that stay in the second-level cache
constexpr int64_t kRowPadding = 16;  ///< keeps rows of 2^n floats out of the same cache sets

/// The two images that a weight (C, C', k, k) joins: the coarse one (N, C, rows, columns) has a
/// place of the kernel at every pixel, the fine one (N, C', height, width) lies under it.
struct KernelPlaces {
  int64_t images, rows, columns;
  int64_t channels, height, width;  ///< of the fine image
  int64_t kernel, stride, padding;

  int64_t count() const { return images * rows * columns; }
  int64_t entries() const { return channels * kernel * kernel; }
};

int64_t padded(int64_t count) { return (count + kVector - 1) / kVector * kVector; }

KernelPlaces places_of(const at::Tensor& x, const at::Tensor& weight, const ConvGeometry& g) {
  const int64_t kernel = weight.size(2);
  KernelPlaces places{x.size(0), x.size(2),      x.size(3), weight.size(1), x.size(2),
                      x.size(3), weight.size(2), g.stride,  g.padding};
  if (g.direction == Direction::kForward) {
    places.rows = g.out_side(x.size(2), kernel);
    places.columns = g.out_side(x.size(3), kernel);
  } else {
    places.height = g.out_side(x.size(2), kernel);
    places.width = g.out_side(x.size(3), kernel);
  }
  return places;
}

/// Calls visit(place, entry of the weight's row, pixel or -1) for all places and taps of a channel;
/// pixels count through one image's plane.
template <class Visit>
void for_taps(const KernelPlaces& places, int64_t channel, const Visit& visit) {
  const int64_t first = channel * places.kernel * places.kernel;
  for (int64_t i = 0; i < places.rows; ++i) {
    for (int64_t j = 0; j < places.columns; ++j) {
      for (int64_t u = 0; u < places.kernel; ++u) {
        const int64_t row = i * places.stride + u - places.padding;
        for (int64_t v = 0; v < places.kernel; ++v) {
          const int64_t column = j * places.stride + v - places.padding;
          const bool inside =
              row >= 0 && row < places.height && column >= 0 && column < places.width;
          visit(i * places.columns + j, first + u * places.kernel + v,
                inside ? row * places.width + column : -1);
        }
      }
    }
  }
}

/// A matrix of what lies under the kernel: number `entry` of place `place` at
/// data[place * place_stride + entry * entry_stride].
struct Patches {
  at::Tensor tensor;
  int64_t place_stride, entry_stride;

  static Patches by_place(const KernelPlaces& places) {
    const int64_t row = places.entries() + kRowPadding;
    return {at::empty({places.count(), row}, at::kFloat), row, 1};
  }
  static Patches by_entry(const KernelPlaces& places) {
    const int64_t row = padded(places.count());
    return {at::zeros({places.entries(), row}, at::kFloat), 1, row};
  }
  float* data() const { return tensor.data_ptr<float>(); }
};

void gather(const at::Tensor& fine, const KernelPlaces& places, const Patches& to) {
  at::parallel_for(0, places.channels, kVector, [&](int64_t begin, int64_t end) {
    for (int64_t n = 0; n < places.images; ++n) {
      float* patches = to.data() + n * places.rows * places.columns * to.place_stride;
      for (int64_t c = begin; c < end; ++c) {
        const float* plane =
            fine.const_data_ptr<float>() + (n * places.channels + c) * places.height * places.width;
        for_taps(places, c, [&](int64_t place, int64_t entry, int64_t pixel) {
          patches[place * to.place_stride + entry * to.entry_stride] =
              pixel < 0 ? 0.0F : plane[pixel];
        });
      }
    }
  });
}

/// The adjoint of gather.
at::Tensor scatter(const Patches& from, const KernelPlaces& places) {
  const at::Tensor fine =
      at::zeros({places.images, places.channels, places.height, places.width}, at::kFloat);
  at::parallel_for(0, places.channels, kVector, [&](int64_t begin, int64_t end) {
    for (int64_t n = 0; n < places.images; ++n) {
      const float* patches = from.data() + n * places.rows * places.columns * from.place_stride;
      for (int64_t c = begin; c < end; ++c) {
        float* plane =
            fine.data_ptr<float>() + (n * places.channels + c) * places.height * places.width;
        for_taps(places, c, [&](int64_t place, int64_t entry, int64_t pixel) {
          if (pixel < 0) return;
          plane[pixel] += patches[place * from.place_stride + entry * from.entry_stride];
        });
      }
    }
  });
  return fine;
}

/// (N, C, rows, columns) as (C, N x rows x columns) and back: a matrix has its images side by side.
at::Tensor side_by_side(const at::Tensor& coarse) {
  return coarse.flatten(2).transpose(0, 1).flatten(1).contiguous();
}
at::Tensor apart(const at::Tensor& matrix, const KernelPlaces& places) {
  return matrix.unflatten(1, {places.images, places.rows, places.columns})
      .transpose(0, 1)
      .contiguous();
}

/// Calls work(first, count) for all pieces of `size` of `total`.
template <class Work>
void for_pieces(int64_t total, int64_t size, const Work& work) {
  for (int64_t first = 0; first < total; first += size) {
    work(first, std::min(size, total - first));
  }
}
template <class Work>
void for_pieces_in_parallel(int64_t total, int64_t size, const Work& work) {
  at::parallel_for(0, (total + size - 1) / size, 1, [&](int64_t begin, int64_t end) {
    for_pieces(std::min(end * size, total) - begin * size, size,
               [&](int64_t first, int64_t count) { work(begin * size + first, count); });
  });
}

/// The convolution: weight x patches.
at::Tensor to_coarse(const at::Tensor& fine, const at::Tensor& weight, const KernelPlaces& places) {
  const Patches patches = Patches::by_entry(places);
  gather(fine.contiguous(), places, patches);
  const int64_t entries = places.entries(), width = patches.entry_stride;
  const at::Tensor coarse = at::empty({weight.size(0), width}, at::kFloat);
  const float* weights = weight.const_data_ptr<float>();
  float* sums = coarse.data_ptr<float>();
  for_pieces_in_parallel(weight.size(0), kRowsOfTask, [&](int64_t begin, int64_t task_rows) {
    for_pieces(entries, std::max(kVector, kCached / width), [&](int64_t entry, int64_t depth) {
      for_pieces(task_rows, kStreams, [&](int64_t first, int64_t rows) {
        const int64_t row = begin + first;
        cpu_kernels().multiply(
            {weights + row * entries + entry, entries, 1, patches.data() + entry * width, width,
             sums + row * width, width, rows, width, depth},
            /*add=*/entry > 0);
      });
    });
  });
  return apart(coarse.narrow(1, 0, places.count()), places);
}

/// Its adjoint, the transposed convolution: weight^T x coarse, put together.
at::Tensor to_fine(const at::Tensor& coarse, const at::Tensor& weight, const KernelPlaces& places) {
  const Patches patches = Patches::by_place(places);
  const at::Tensor matrix = side_by_side(coarse);
  const int64_t entries = places.entries(), count = places.count();
  const float* weights = weight.const_data_ptr<float>();
  const float* factors = matrix.const_data_ptr<float>();
  for_pieces_in_parallel(entries, kColumnsOfTask, [&](int64_t entry, int64_t width) {
    for_pieces(weight.size(0), kStreamsOfSum, [&](int64_t row, int64_t depth) {
      cpu_kernels().multiply(
          {factors + row * count, 1, count, weights + row * entries + entry, entries,
           patches.data() + entry, patches.place_stride, count, width, depth},
          /*add=*/row > 0);
    });
  });
  return scatter(patches, places);
}

/// coarse x patches^T: the gradient of the weight, whichever of the two is the gradient above.
at::Tensor weight_gradient(const at::Tensor& coarse, const at::Tensor& fine,
                           const at::Tensor& weight, const KernelPlaces& places) {
  const Patches patches = Patches::by_place(places);
  gather(fine.contiguous(), places, patches);
  const at::Tensor matrix = side_by_side(coarse), gradient = at::empty_like(weight);
  const int64_t entries = places.entries(), count = places.count();
  const float* factors = matrix.const_data_ptr<float>();
  float* to = gradient.data_ptr<float>();
  const int64_t block = std::max(kColumnsOfTask, kCached / count / kVector * kVector);
  for_pieces_in_parallel(weight.size(0), kRowsOfTask, [&](int64_t begin, int64_t task_rows) {
    for_pieces(entries, block, [&](int64_t entry, int64_t width) {
      for_pieces(task_rows, kStreams, [&](int64_t first, int64_t rows) {
        const int64_t row = begin + first;
        cpu_kernels().multiply(
            {factors + row * count, count, 1, patches.data() + entry, patches.place_stride,
             to + row * entries + entry, entries, rows, width, count},
            /*add=*/false);
      });
    });
  });
  return gradient;
}

struct MatrixConv : autograd::Function<MatrixConv> {
  static at::Tensor forward(autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, const ConvGeometry& g) {
    context->save_for_backward({x, weight});
    context->saved_data["transposed"] = g.direction == Direction::kTransposed;
    context->saved_data["sizes"] = std::vector<int64_t>{g.stride, g.padding, g.output_padding};
    const KernelPlaces places = places_of(x, weight, g);
    return g.direction == Direction::kTransposed ? to_fine(x, weight, places)
                                                 : to_coarse(x, weight, places);
  }

  static autograd::variable_list backward(autograd::AutogradContext* context,
                                          autograd::variable_list above) {
    const autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &dy = above[0];
    const bool transposed = context->saved_data["transposed"].toBool();
    const std::vector<int64_t> sizes = context->saved_data["sizes"].toIntVector();
    const ConvGeometry g{transposed ? Direction::kTransposed : Direction::kForward, sizes[0],
                         sizes[1], sizes[2]};
    const std::array<bool, 3> wanted{context->needs_input_grad(0), context->needs_input_grad(1)};
    at::Tensor dx, dweight;
    if (at::GradMode::is_enabled()) {  // to be differentiated again
      std::tie(dx, dweight, std::ignore) = at::convolution_backward(
          dy, x, weight, at::OptionalIntArrayRef(), {g.stride, g.stride}, {g.padding, g.padding},
          {1, 1}, transposed, {g.output_padding, g.output_padding}, 1, wanted);
      return {dx, dweight, at::Tensor()};
    }
    const KernelPlaces places = places_of(x, weight, g);
    const at::Tensor &coarse = transposed ? x : dy, &fine = transposed ? dy : x;
    if (wanted[0]) {
      dx = transposed ? to_coarse(fine, weight, places) : to_fine(coarse, weight, places);
    }
    if (wanted[1]) dweight = weight_gradient(coarse, fine, weight, places);
    return {dx, dweight, at::Tensor()};
  }
};

/// Padding by name ("same") is nothing that push_conv makes.
template <class Options>
int64_t padding_of(const Options& options) {
  return std::get<torch::ExpandingArray<2>>(options.padding())->at(0);
}

}  // namespace

at::Tensor matrix_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const ConvGeometry& g) {
  at::Tensor y = MatrixConv::apply(x.to(at::kFloat), weight, g);
  if (bias.defined()) y = y + bias.view({1, -1, 1, 1});
  const bool autocast = at::autocast::is_autocast_enabled(at::kCPU);
  return autocast ? y.to(at::autocast::get_autocast_dtype(at::kCPU)) : y;
}

bool matrix_conv_fits(const at::Tensor& x, const at::Tensor& weight, const ConvGeometry& g) {
  if (!x.is_cpu() || x.dim() != 4 || weight.numel() < kFewestWeights || !weight.is_contiguous() ||
      weight.dtype() != at::kFloat || weight.stride(0) % kVector != 0 ||
      (x.dtype() != at::kFloat && !at::autocast::is_autocast_enabled(at::kCPU))) {
    return false;
  }
  return places_of(x, weight, g).count() <= kMostPlaces;
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
