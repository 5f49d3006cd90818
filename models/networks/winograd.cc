#include "models/networks/winograd.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "models/networks/cpu_kernels.h"

namespace solstice {
namespace {

thread_local bool winograd_is_off = false;

constexpr int64_t kComponents = 36;
constexpr int64_t kPixelSum = 7;        ///< the component that is the sum of a tile's 4x4 pixels
constexpr int64_t kLeastChannels = 32;  ///< with fewer the transforms cost more than they save
constexpr int64_t kChannelStep = 16;    ///< what the kernels take at a time
/// Keeps rows and planes of 2^n floats out of the same cache sets.
constexpr int64_t kPadding = 16;
constexpr int64_t kTilesAtOnce = 256;  ///< so that their spectra stay in the third-level cache
constexpr int64_t kTilesAlone = 32;    ///< so that those of one thread stay in the second
constexpr int64_t kFloatsOfSmallWeight = 400'000;  ///< its spectrum's: 48 x 192 channels, say
constexpr int64_t kRowsOfProduct = 128;
constexpr int64_t kRowsOfKernel = 8;  ///< that the product is fastest with
constexpr int64_t kTilesOfPart = 32;  ///< that one thread transforms at a time

/// Floats from one tile to the next.
int64_t row_of(int64_t channels) { return channels % 32 == 0 ? channels + kPadding : channels; }

/// Tiles or weights in Winograd's domain, (36, count, channels), with padding between them.
struct Spectrum {
  Spectrum(int64_t tiles, int64_t width)
      : count(tiles),
        channels(width),
        tensor(at::empty_strided({kComponents, tiles, width},
                                 {tiles * row_of(width) + kPadding, row_of(width), 1},
                                 at::kFloat)) {}
  Spectrum(at::Tensor made, int64_t width)
      : count(made.size(1)), channels(width), tensor(std::move(made)) {}

  TileSpectrum all() const {
    return {tensor.data_ptr<float>(), tensor.stride(0), tensor.stride(1)};
  }
  float* component(int64_t e) const { return tensor.data_ptr<float>() + e * tensor.stride(0); }

  int64_t count, channels;
  at::Tensor tensor;
};

/// Rows (or columns) of a piece that padded ones show, and those that output ones are.
struct Borders {
  Borders(const RowWindow& window, int64_t tiles, bool reflects) {
    for (int64_t padded = 0; padded < 4 * tiles + 2; ++padded) {
      int64_t at = window.first - 1 + padded;
      const bool needed = padded <= window.count + 1;
      const bool outside = at < 0 || at >= window.height;
      if (outside && reflects) at = at < 0 ? -at : 2 * (window.height - 1) - at;
      inputs.push_back(needed && (reflects || !outside) ? at - window.held_first : -1);
    }
    for (int64_t at = 0; at < 4 * tiles; ++at) outputs.push_back(at < window.count ? at : -1);
  }
  std::vector<int64_t> inputs, outputs;
};

/// The tiles of one image of (N, C, H, W), in blocks of whole rows.
class Tiling {
 public:
  Tiling(const at::Tensor& x, const RowWindow& window, bool reflects)
      : height_(window.count),
        width_(x.size(3)),
        tile_rows_((height_ + 3) / 4),
        tile_columns_((width_ + 3) / 4),
        rows_(window, tile_rows_, reflects),
        columns_({width_, 0, 0, width_}, tile_columns_, reflects),
        images_(x.size(0)) {}
  explicit Tiling(const at::Tensor& x) : Tiling(x, {x.size(2), 0, 0, x.size(2)}, true) {}

  /// Tiles that are worked on together; the grids differ in what they index.
  struct Block {
    int64_t image;
    TileGrid from, to;
    int64_t tiles() const { return from.tile_rows * from.tile_columns; }
  };
  std::vector<Block> blocks(int64_t in, int64_t out, int64_t most_tiles) const {
    const int64_t across = evenly(tile_columns_, most_tiles);
    const int64_t down = std::max<int64_t>(1, most_tiles / across);
    std::vector<Block> blocks;
    for (int64_t image = 0; image < images_; ++image) {
      for (int64_t i = 0; i < tile_rows_; i += down) {
        for (int64_t j = 0; j < tile_columns_; j += across) {
          const int64_t rows = std::min(down, tile_rows_ - i);
          const int64_t columns = std::min(across, tile_columns_ - j);
          blocks.push_back({image,
                            {height_, width_, in, rows, columns, rows_.inputs.data() + 4 * i,
                             columns_.inputs.data() + 4 * j},
                            {height_, width_, out, rows, columns, rows_.outputs.data() + 4 * i,
                             columns_.outputs.data() + 4 * j}});
        }
      }
    }
    return blocks;
  }

 private:
  /// The size of about equal pieces of `count` that are no larger than `most`.
  static int64_t evenly(int64_t count, int64_t most) {
    const int64_t pieces = (count + most - 1) / most;
    const int64_t size = (count + pieces - 1) / pieces;
    return std::min(most, (size + kRowsOfKernel - 1) / kRowsOfKernel * kRowsOfKernel);
  }

  int64_t height_, width_, tile_rows_, tile_columns_;
  Borders rows_, columns_;
  int64_t images_;
};

template <class Work>
void in_parallel(int64_t count, const Work& work) {
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) work(i);
  });
}

/// Calls work(part, spectrum of the part) for parts of one row of tiles each, which are row 0
/// there.
template <class Work>
void for_parts(const TileGrid& grid, const Spectrum& spectrum, const Work& work) {
  const int64_t parts = (grid.tile_columns + kTilesOfPart - 1) / kTilesOfPart;
  in_parallel(grid.tile_rows * parts, [&](int64_t task) {
    const int64_t i = task / parts, j = task % parts * kTilesOfPart;
    TileGrid part = grid;
    part.rows += 4 * i;
    part.columns += 4 * j;
    part.tile_rows = 1;
    part.tile_columns = std::min(kTilesOfPart, grid.tile_columns - j);
    TileSpectrum tiles = spectrum.all();
    tiles.data += (i * grid.tile_columns + j) * tiles.row;
    work(part, tiles);
  });
}

/// c = a b in every component, or c += a b.
struct ComponentProduct {
  Product shape;  ///< of component 0
  int64_t a_plane, b_plane, c_plane;
};
void multiply_components(const ComponentProduct& product, bool add) {
  const int64_t pieces = (product.shape.m + kRowsOfProduct - 1) / kRowsOfProduct;
  in_parallel(kComponents * pieces, [&](int64_t task) {
    const int64_t e = task / pieces, first = task % pieces * kRowsOfProduct;
    Product part = product.shape;
    part.a += e * product.a_plane + first * part.a_row;
    part.b += e * product.b_plane;
    part.c += e * product.c_plane + first * part.c_row;
    part.m = std::min(kRowsOfProduct, part.m - first);
    cpu_kernels().multiply(part, add);
  });
}

/// c[t] = a[t] b of the first `tiles` tiles.
void multiply_tiles(const Spectrum& a, const Spectrum& b, const Spectrum& c, int64_t tiles) {
  const auto [from, a_plane, a_row] = a.all();
  const auto [weight, b_plane, b_row] = b.all();
  const auto [to, c_plane, c_row] = c.all();
  multiply_components({{from, a_row, 1, weight, b_row, to, c_row, tiles, c.channels, a.channels},
                       a_plane,
                       b_plane,
                       c_plane},
                      false);
}

/// c (+)= a^T b over the first `tiles` tiles.
void multiply_transposed(const Spectrum& a, const Spectrum& b, const Spectrum& c, int64_t tiles,
                         bool add) {
  const auto [left, a_plane, a_row] = a.all();
  const auto [right, b_plane, b_row] = b.all();
  const auto [to, c_plane, c_row] = c.all();
  multiply_components({{left, 1, a_row, right, b_row, to, c_row, a.channels, c.channels, tiles},
                       a_plane,
                       b_plane,
                       c_plane},
                      add);
}

/// The weight (K, C, 3, 3) with K, or with C, outside.
Kernel3x3 outputs_outside(const at::Tensor& w) {
  return {w.size(0), w.size(1), w.stride(0), w.stride(1), w.stride(2), w.stride(3)};
}
Kernel3x3 inputs_outside(const at::Tensor& w) {
  return {w.size(1), w.size(0), w.stride(1), w.stride(0), w.stride(2), w.stride(3)};
}

Spectrum weight_spectrum(const at::Tensor& weight, const Kernel3x3& kernel) {
  Spectrum spectrum(kernel.outer, kernel.inner);
  at::parallel_for(0, kernel.outer, 16, [&](int64_t begin, int64_t end) {
    cpu_kernels().tiles.weight_to_spectrum(weight.const_data_ptr<float>(), kernel, begin, end,
                                           spectrum.all());
  });
  return spectrum;
}

at::Tensor weight_of_spectrum(const Spectrum& spectrum, const at::Tensor& like) {
  at::Tensor weight = at::empty_like(like);
  const Kernel3x3 kernel = outputs_outside(weight);
  at::parallel_for(0, kernel.outer, 16, [&](int64_t begin, int64_t end) {
    cpu_kernels().tiles.spectrum_to_weight(spectrum.all(), kernel, begin, end,
                                           weight.data_ptr<float>());
  });
  return weight;
}

float* image_of(const at::Tensor& batch, int64_t n) {
  return batch.data_ptr<float>() + n * batch.stride(0);
}

void add_input_gradient(const Spectrum& spectrum, const TileGrid& grid, float* image) {
  // Neighbouring rows of tiles overlap: first the even ones, then the odd.
  for (const int64_t odd : {0, 1}) {
    in_parallel((grid.tile_rows + 1 - odd) / 2, [&](int64_t i) {
      cpu_kernels().tiles.add_spectrum_to_inputs(spectrum.all(), grid, 2 * i + odd, image);
    });
  }
}

}  // namespace

WinogradOff::WinogradOff() : before_(std::exchange(winograd_is_off, true)) {}
WinogradOff::~WinogradOff() { winograd_is_off = before_; }

bool winograd_weight_fits(const at::Tensor& weight) {
  const auto many = [](int64_t channels) {
    return channels >= kLeastChannels && channels % kChannelStep == 0;
  };
  return weight.is_cpu() && weight.dtype() == at::kFloat && weight.size(2) == 3 &&
         weight.size(3) == 3 && many(weight.size(0)) && many(weight.size(1)) &&
         cpu_kernels().vectors_are_wide;
}

bool winograd_fits(const at::Tensor& x, const at::Tensor& weight) {
  return !winograd_is_off && x.is_cpu() && x.dtype() == at::kFloat &&
         !at::autocast::is_autocast_enabled(at::kCPU) && x.dim() == 4 &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) && x.size(2) >= 2 && x.size(3) >= 2 &&
         winograd_weight_fits(weight);
}

at::Tensor winograd_conv3x3(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return PreparedWinograd(weight, bias, /*reflects=*/true).run(x, {x.size(2), 0, 0, x.size(2)});
}

PreparedWinograd::PreparedWinograd(const at::Tensor& weight, const at::Tensor& bias, bool reflects)
    : spectrum_(weight_spectrum(weight, inputs_outside(weight)).tensor),
      bias_(bias),
      in_(weight.size(1)),
      out_(weight.size(0)),
      reflects_(reflects) {}

at::Tensor PreparedWinograd::run(const at::Tensor& x, const RowWindow& window) const {
  const TileKernels& kernels = cpu_kernels().tiles;
  at::Tensor y = at::empty({x.size(0), out_, window.count, x.size(3)}, x.options(),
                           at::MemoryFormat::ChannelsLast);
  const float* shift = bias_.defined() ? bias_.const_data_ptr<float>() : nullptr;
  const Tiling tiling(x, window, reflects_);
  const Spectrum kernel(spectrum_, out_);
  // Small weights stay in the second-level cache, and with them the spectra of a few tiles, which
  // each thread has for itself; large ones are worth reading for many tiles only, which all share.
  const bool alone = spectrum_.numel() <= kFloatsOfSmallWeight;
  const int64_t most = alone ? kTilesAlone : kTilesAtOnce;
  const std::vector<Tiling::Block> blocks = tiling.blocks(in_, out_, most);
  const auto work = [&](int64_t begin, int64_t end) {
    const int64_t tiles_of_largest = blocks.front().tiles();
    const Spectrum inputs(tiles_of_largest, in_), outputs(tiles_of_largest, out_);
    for (int64_t b = begin; b < end; ++b) {
      const Tiling::Block& block = blocks[b];
      for_parts(block.from, inputs, [&](const TileGrid& part, TileSpectrum tiles) {
        kernels.inputs_to_spectrum(image_of(x, block.image), part, 0, tiles);
      });
      multiply_tiles(inputs, kernel, outputs, block.tiles());
      for_parts(block.to, outputs, [&](const TileGrid& part, TileSpectrum tiles) {
        kernels.spectrum_to_outputs(tiles, shift, part, 0, image_of(y, block.image));
      });
    }
  };
  const auto count = static_cast<int64_t>(blocks.size());
  if (alone) {
    at::parallel_for(0, count, 1, work);
  } else {
    work(0, count);
  }
  return y;
}

ConvGradients winograd_conv3x3_backward(const at::Tensor& x, const at::Tensor& weight,
                                        const at::Tensor& dy, std::array<bool, 3> wanted) {
  const TileKernels& kernels = cpu_kernels().tiles;
  const int64_t in = weight.size(1), out = weight.size(0);
  const Tiling tiling(x);
  const Spectrum outputs(kTilesAtOnce, out), inputs(kTilesAtOnce, in);
  ConvGradients gradients;
  const Spectrum sums(wanted[1] ? out : 0, in);
  const Spectrum kernel =
      wanted[0] ? weight_spectrum(weight, outputs_outside(weight)) : Spectrum(0, in);
  if (wanted[0]) {
    gradients.x = at::zeros_like(x);
  }
  if (wanted[2]) gradients.bias = at::zeros({out}, weight.options().requires_grad(false));
  bool add = false;
  for (const auto& [image, from, to] : tiling.blocks(in, out, kTilesAtOnce)) {
    const int64_t tiles = from.tile_rows * from.tile_columns;
    in_parallel(to.tile_rows, [&](int64_t i) {
      kernels.outputs_to_spectrum(image_of(dy, image), to, i, outputs.all());
    });
    if (wanted[2]) {
      gradients.bias += outputs.tensor[kPixelSum].narrow(0, 0, tiles).narrow(1, 0, out).sum(0);
    }
    if (wanted[1]) {
      in_parallel(from.tile_rows, [&](int64_t i) {
        kernels.inputs_to_spectrum(image_of(x, image), from, i, inputs.all());
      });
      multiply_transposed(outputs, inputs, sums, tiles, add);
      add = true;
    }
    if (wanted[0]) {
      multiply_tiles(outputs, kernel, inputs, tiles);
      add_input_gradient(inputs, from, image_of(gradients.x, image));
    }
  }
  if (wanted[1]) gradients.weight = weight_of_spectrum(sums, weight);
  return gradients;
}

}  // namespace solstice
