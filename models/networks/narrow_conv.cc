#include "models/networks/narrow_conv.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

#include "models/networks/cpu_kernels.h"

namespace solstice {
namespace {

constexpr int64_t kMostOutputs = 4;
constexpr int64_t kColumnStep = 16;  ///< of matrix products
constexpr int64_t kFewestRows = 16;  ///< of one thread's piece: its neighbours' rows are made twice
constexpr int64_t kPixelsAtOnce = 256;  ///< so that their products stay in the second-level cache

/// The row or column inside [0, side) that is seen at `at`; -1: nothing, it is zero.
int64_t seen(int64_t at, int64_t side, bool reflects) {
  if (at >= 0 && at < side) return at;
  return !reflects ? -1 : at < 0 ? -at : 2 * (side - 1) - at;
}

}  // namespace

/// One image of a run.
struct NarrowConv::Piece {
  const float* x;
  float* y;
  RowWindow window;
  int64_t held, width, out_width;
  /// Products of the pixels [at, at + count) of one row, each with `columns_` values.
  mutable std::vector<float> products;
  mutable int64_t at = 0, count = 0;
};

NarrowConv::NarrowConv(const at::Tensor& weight, const at::Tensor& bias,
                       const ConvGeometry& geometry, bool reflects)
    : geometry_(geometry), reflects_(reflects), kernel_(weight.size(2)), bias_(bias) {
  const bool transposed = geometry.direction == Direction::kTransposed;
  // (C, kernel columns, kernel rows, K)
  const at::Tensor taps =
      weight.permute(transposed ? at::IntArrayRef{0, 3, 2, 1} : at::IntArrayRef{1, 3, 2, 0});
  in_ = taps.size(0);
  out_ = taps.size(3);
  const int64_t used = kernel_ * kernel_ * out_;
  columns_ = (used + kColumnStep - 1) / kColumnStep * kColumnStep;
  matrix_ = at::zeros({in_, columns_}, at::kFloat);
  matrix_.narrow(1, 0, used).copy_(taps.reshape({in_, used}));
}

bool NarrowConv::fits(const at::Tensor& weight, const ConvGeometry& geometry) {
  const bool transposed = geometry.direction == Direction::kTransposed;
  return weight.is_cpu() && weight.dtype() == at::kFloat && cpu_kernels().vectors_are_wide &&
         weight.size(transposed ? 1 : 0) <= kMostOutputs && weight.size(2) == weight.size(3) &&
         (transposed ? geometry.stride > 1 : geometry.stride == 1 && weight.size(2) >= 5);
}

at::Tensor NarrowConv::run(const at::Tensor& x, const RowWindow& window) const {
  const int64_t out_width = geometry_.out_side(x.size(3), kernel_);
  const at::Tensor y = at::empty({x.size(0), out_, window.count, out_width}, x.options(),
                                 at::MemoryFormat::ChannelsLast);
  const int64_t rows =
      std::max(kFewestRows, (window.count + at::get_num_threads() - 1) / at::get_num_threads());
  const int64_t pieces = (window.count + rows - 1) / rows;
  at::parallel_for(0, x.size(0) * pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t image = task / pieces, first = task % pieces * rows;
      const Piece piece{x.const_data_ptr<float>() + image * x.stride(0),
                        y.data_ptr<float>() + image * y.stride(0),
                        window,
                        x.size(2),
                        x.size(3),
                        out_width,
                        std::vector<float>(static_cast<size_t>(
                            (kPixelsAtOnce + 2 * kernel_) * columns_ + kernel_ * out_))};
      make_rows(piece, window.first + first, window.first + std::min(window.count, first + rows));
    }
  });
  return y;
}

/// Output rows [first, last) of the plane.
void NarrowConv::make_rows(const Piece& piece, int64_t first, int64_t last) const {
  const bool transposed = geometry_.direction == Direction::kTransposed;
  float* begin = piece.y + (first - piece.window.first) * piece.out_width * out_;
  float* end = piece.y + (last - piece.window.first) * piece.out_width * out_;
  const float* bias = bias_.defined() ? bias_.const_data_ptr<float>() : nullptr;
  for (float* at = begin; at < end; at += out_) {
    for (int64_t o = 0; o < out_; ++o) at[o] = bias == nullptr ? 0 : bias[o];
  }
  // Rows that some output row is made of; of a forward convolution also those beyond the border.
  const int64_t s = geometry_.stride, p = geometry_.padding;
  const int64_t from = transposed ? (first + p - kernel_ + 1) / s - 1 : first - p;
  const int64_t to = transposed ? (last - 1 + p) / s + 1 : last - p + kernel_ - 1;
  for (piece.at = 0; piece.at < piece.width; piece.at += piece.count) {
    piece.count = std::min(kPixelsAtOnce, piece.width - piece.at);
    for (int64_t row = from; row < to; ++row) {
      const int64_t shown = seen(row, piece.window.height, reflects_ && !transposed);
      const int64_t held = shown - piece.window.held_first;
      if (shown < 0 || held < 0 || held >= piece.held) continue;
      cpu_kernels().multiply(
          {piece.x + (held * piece.width + piece.at) * in_, in_, 1, matrix_.const_data_ptr<float>(),
           columns_, piece.products.data(), columns_, piece.count, columns_, in_},
          /*add=*/false);
      transposed ? add_transposed(piece, row, first, last) : add_forward(piece, row, first, last);
    }
  }
}

/// Adds the products of a row (which may be one beyond the border) to the output rows it touches.
void NarrowConv::add_forward(const Piece& piece, int64_t row, int64_t first, int64_t last) const {
  const int64_t p = geometry_.padding, width = kernel_ * out_;
  std::vector<float> sums(static_cast<size_t>(width));
  // Columns of the result that see pixels of this piece; reflection shows some of them twice.
  const int64_t begin = std::max<int64_t>(0, piece.at - kernel_);
  const int64_t end = std::min(piece.out_width, piece.at + piece.count + kernel_);
  for (int64_t column = begin; column < end; ++column) {
    bool is_touched = false;
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (int64_t tap = 0; tap < kernel_; ++tap) {
      const int64_t pixel = seen(column + tap - p, piece.width, reflects_) - piece.at;
      if (pixel < 0 || pixel >= piece.count) continue;
      is_touched = true;
      const float* product = piece.products.data() + pixel * columns_ + tap * width;
      for (int64_t i = 0; i < width; ++i) sums[static_cast<size_t>(i)] += product[i];
    }
    if (!is_touched) continue;
    for (int64_t tap = 0; tap < kernel_; ++tap) {
      const int64_t out_row = row + p - tap;
      if (out_row < first || out_row >= last) continue;
      float* to = piece.y + ((out_row - piece.window.first) * piece.out_width + column) * out_;
      for (int64_t o = 0; o < out_; ++o) to[o] += sums[static_cast<size_t>(tap * out_ + o)];
    }
  }
}

void NarrowConv::add_transposed(const Piece& piece, int64_t row, int64_t first,
                                int64_t last) const {
  const int64_t s = geometry_.stride, p = geometry_.padding;
  for (int64_t tap_row = 0; tap_row < kernel_; ++tap_row) {
    const int64_t out_row = row * s + tap_row - p;
    if (out_row < first || out_row >= last) continue;
    float* to = piece.y + (out_row - piece.window.first) * piece.out_width * out_;
    for (int64_t pixel = 0; pixel < piece.count; ++pixel) {
      const float* product = piece.products.data() + pixel * columns_ + tap_row * out_;
      for (int64_t tap = 0; tap < kernel_; ++tap) {
        const int64_t column = (piece.at + pixel) * s + tap - p;
        if (column < 0 || column >= piece.out_width) continue;
        for (int64_t o = 0; o < out_; ++o) {
          to[column * out_ + o] += product[tap * kernel_ * out_ + o];
        }
      }
    }
  }
}

}  // namespace solstice
