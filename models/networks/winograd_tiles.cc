#include "models/networks/winograd_tiles.h"

#include <ATen/ops/empty_strided.h>

#include <algorithm>
#include <utility>

namespace solstice {
namespace {

/// Keeps rows and planes of 2^n floats out of the same cache sets.
constexpr int64_t kPadding = 16;
constexpr int64_t kTilesAlone = 32;  ///< so that their spectra stay in the second cache
constexpr int64_t kFloatsOfSmallWeight = 400'000;  ///< its spectrum's: 48 x 192 channels, say
constexpr int64_t kRowsOfProduct = 128;
constexpr int64_t kRowsOfKernel = 8;  ///< that the product is fastest with

/// Floats from one tile to the next.
int64_t row_of(int64_t channels) { return channels % 32 == 0 ? channels + kPadding : channels; }

/// The size of about equal pieces of `count` that are no larger than `most`.
int64_t evenly(int64_t count, int64_t most) {
  const int64_t pieces = (count + most - 1) / most;
  const int64_t size = (count + pieces - 1) / pieces;
  return std::min(most, (size + kRowsOfKernel - 1) / kRowsOfKernel * kRowsOfKernel);
}

}  // namespace

Spectrum::Spectrum(int64_t components, int64_t tiles, int64_t width)
    : count(tiles),
      channels(width),
      tensor(at::empty_strided({components, tiles, width},
                               {tiles * row_of(width) + kPadding, row_of(width), 1}, at::kFloat)) {}

Spectrum::Spectrum(at::Tensor made, int64_t width)
    : count(made.size(1)), channels(width), tensor(std::move(made)) {}

std::vector<TileBlock> tile_blocks(int64_t rows, int64_t columns, int64_t most) {
  const int64_t across = evenly(columns, most);
  const int64_t down = std::max<int64_t>(1, most / across);
  std::vector<TileBlock> blocks;
  for (int64_t i = 0; i < rows; i += down) {
    for (int64_t j = 0; j < columns; j += across) {
      blocks.push_back({i, j, std::min(down, rows - i), std::min(across, columns - j)});
    }
  }
  return blocks;
}

TilePlan::TilePlan(const at::Tensor& weight_spectrum)
    : alone(weight_spectrum.numel() <= kFloatsOfSmallWeight),
      most_tiles(alone ? kTilesAlone : kTilesAtOnce) {}

void multiply_components(const ComponentProduct& product, bool add) {
  const int64_t pieces = (product.shape.m + kRowsOfProduct - 1) / kRowsOfProduct;
  in_parallel(product.components * pieces, [&](int64_t task) {
    const int64_t e = task / pieces, first = task % pieces * kRowsOfProduct;
    Product part = product.shape;
    part.a += e * product.a_plane + first * part.a_row;
    part.b += e * product.b_plane;
    part.c += e * product.c_plane + first * part.c_row;
    part.m = std::min(kRowsOfProduct, part.m - first);
    cpu_kernels().multiply(part, add);
  });
}

void multiply_tiles(const Spectrum& a, const Spectrum& b, const Spectrum& c, int64_t tiles) {
  const auto [from, a_plane, a_row] = a.all();
  const auto [weight, b_plane, b_row] = b.all();
  const auto [to, c_plane, c_row] = c.all();
  multiply_components({{from, a_row, 1, weight, b_row, to, c_row, tiles, c.channels, a.channels},
                       a.components(),
                       a_plane,
                       b_plane,
                       c_plane},
                      false);
}

}  // namespace solstice
