#include "models/networks/winograd.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "models/networks/cpu_kernels.h"
#include "models/networks/winograd_tiles.h"

namespace solstice {
namespace {

/// Not zero at first, so that the program's thread-local data is stored in its file: where there is
/// none but zeros, mold 1.10 (Debian 12) lays it out such that one program in 300 does not start
/// ("cannot apply additional memory protection after relocation").
thread_local bool winograd_is_on = true;

constexpr int64_t kComponents = 36;
constexpr int64_t kPixelSum = 7;        ///< the component that is the sum of a tile's 4x4 pixels
constexpr int64_t kLeastChannels = 32;  ///< with fewer the transforms cost more than they save

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
    std::vector<Block> blocks;
    for (int64_t image = 0; image < images_; ++image) {
      for (const TileBlock& b : tile_blocks(tile_rows_, tile_columns_, most_tiles)) {
        blocks.push_back(
            {image,
             {height_, width_, in, b.rows, b.columns, rows_.inputs.data() + 4 * b.row,
              columns_.inputs.data() + 4 * b.column},
             {height_, width_, out, b.rows, b.columns, rows_.outputs.data() + 4 * b.row,
              columns_.outputs.data() + 4 * b.column}});
      }
    }
    return blocks;
  }

 private:
  int64_t height_, width_, tile_rows_, tile_columns_;
  Borders rows_, columns_;
  int64_t images_;
};

/// Calls work(part, its spectrum) for parts of one row of tiles each, which are row 0 there.
template <class Work>
void for_parts_of(const TileGrid& grid, const Spectrum& spectrum, const Work& work) {
  for_parts(grid.tile_rows, grid.tile_columns, spectrum,
            [&](int64_t i, int64_t j, int64_t columns, TileSpectrum tiles) {
              TileGrid part = grid;
              part.rows += 4 * i;
              part.columns += 4 * j;
              part.tile_rows = 1;
              part.tile_columns = columns;
              work(part, tiles);
            });
}

/// c (+)= a^T b over the first `tiles` tiles.
void multiply_transposed(const Spectrum& a, const Spectrum& b, const Spectrum& c, int64_t tiles,
                         bool add) {
  const auto [left, a_plane, a_row] = a.all();
  const auto [right, b_plane, b_row] = b.all();
  const auto [to, c_plane, c_row] = c.all();
  multiply_components({{left, 1, a_row, right, b_row, to, c_row, a.channels, c.channels, tiles},
                       a.components(),
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
  Spectrum spectrum(kComponents, kernel.outer, kernel.inner);
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

WinogradOff::WinogradOff() : before_(std::exchange(winograd_is_on, false)) {}
WinogradOff::~WinogradOff() { winograd_is_on = before_; }

bool winograd_weight_fits(const at::Tensor& weight) {
  const auto many = [](int64_t channels) {
    return channels >= kLeastChannels && channels % kWinogradChannelStep == 0;
  };
  return weight.is_cpu() && weight.dtype() == at::kFloat && weight.size(2) == 3 &&
         weight.size(3) == 3 && many(weight.size(0)) && many(weight.size(1)) &&
         cpu_kernels().vectors_are_wide;
}

bool winograd_fits(const at::Tensor& x, const at::Tensor& weight) {
  return winograd_is_on && x.is_cpu() && x.dtype() == at::kFloat &&
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
  const TilePlan plan(spectrum_);
  const std::vector<Tiling::Block> blocks = tiling.blocks(in_, out_, plan.most_tiles);
  const auto work = [&](int64_t begin, int64_t end) {
    const int64_t tiles_of_largest = blocks.front().tiles();
    const Spectrum inputs(kComponents, tiles_of_largest, in_);
    const Spectrum outputs(kComponents, tiles_of_largest, out_);
    for (int64_t b = begin; b < end; ++b) {
      const Tiling::Block& block = blocks[b];
      for_parts_of(block.from, inputs, [&](const TileGrid& part, TileSpectrum tiles) {
        kernels.inputs_to_spectrum(image_of(x, block.image), part, 0, tiles);
      });
      multiply_tiles(inputs, kernel, outputs, block.tiles());
      for_parts_of(block.to, outputs, [&](const TileGrid& part, TileSpectrum tiles) {
        kernels.spectrum_to_outputs(tiles, shift, part, 0, image_of(y, block.image));
      });
    }
  };
  plan.run(blocks.size(), work);
  return y;
}

ConvGradients winograd_conv3x3_backward(const at::Tensor& x, const at::Tensor& weight,
                                        const at::Tensor& dy, std::array<bool, 3> wanted) {
  const TileKernels& kernels = cpu_kernels().tiles;
  const int64_t in = weight.size(1), out = weight.size(0);
  const Tiling tiling(x);
  const Spectrum outputs(kComponents, kTilesAtOnce, out), inputs(kComponents, kTilesAtOnce, in);
  ConvGradients gradients;
  const Spectrum sums(kComponents, wanted[1] ? out : 0, in);
  const Spectrum kernel =
      wanted[0] ? weight_spectrum(weight, outputs_outside(weight)) : Spectrum(kComponents, 0, in);
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
