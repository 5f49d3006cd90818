#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "models/networks/cpu_kernels.h"

namespace solstice {

/// What Winograd's algorithms of different tiles share: spectra, blocks of tiles, products.

inline constexpr int64_t kWinogradChannelStep = 16;  ///< what the kernels take at a time

/// Tiles or weights in Winograd's domain, (components, count, channels), with padding between them.
struct Spectrum {
  Spectrum(int64_t components, int64_t tiles, int64_t width);
  /// Of a tensor that another one made.
  Spectrum(at::Tensor made, int64_t width);

  TileSpectrum all() const {
    return {tensor.data_ptr<float>(), tensor.stride(0), tensor.stride(1)};
  }
  int64_t components() const { return tensor.size(0); }

  int64_t count, channels;
  at::Tensor tensor;
};

/// Tiles that are worked on together.
struct TileBlock {
  int64_t row, column;  ///< of its first tile
  int64_t rows, columns;
  int64_t tiles() const { return rows * columns; }
};

/// All of `rows` x `columns` tiles, in blocks of at most `most` or of one row.
std::vector<TileBlock> tile_blocks(int64_t rows, int64_t columns, int64_t most);

/// How the tiles of a plane are shared out among threads. Small weights stay in the second-level
/// cache, and with them the spectra of a few tiles, which each thread has for itself; large ones
/// are worth reading for many tiles only, which all share.
struct TilePlan {
  explicit TilePlan(const at::Tensor& weight_spectrum);
  bool alone;
  int64_t most_tiles;  ///< of a block

  /// Calls work(begin, end) for ranges that make up [0, blocks).
  template <class Work>
  void run(size_t blocks, const Work& work) const {
    if (alone) {
      at::parallel_for(0, static_cast<int64_t>(blocks), 1, work);
    } else {
      work(int64_t{0}, static_cast<int64_t>(blocks));
    }
  }
};

inline constexpr int64_t kTilesOfPart = 32;   ///< that one thread transforms at a time
inline constexpr int64_t kTilesAtOnce = 256;  ///< so that their spectra stay in the third cache

template <class Work>
void in_parallel(int64_t count, const Work& work) {
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) work(i);
  });
}

/// Calls work(row, column, columns, spectrum of these tiles) for parts of one row of a block's
/// tiles each; row and column are counted from the block's first.
template <class Work>
void for_parts(int64_t rows, int64_t columns, const Spectrum& spectrum, const Work& work) {
  const int64_t parts = (columns + kTilesOfPart - 1) / kTilesOfPart;
  in_parallel(rows * parts, [&](int64_t task) {
    const int64_t i = task / parts, j = task % parts * kTilesOfPart;
    TileSpectrum tiles = spectrum.all();
    tiles.data += (i * columns + j) * tiles.row;
    work(i, j, columns - j < kTilesOfPart ? columns - j : kTilesOfPart, tiles);
  });
}

/// c = a b in every component, or c += a b.
struct ComponentProduct {
  Product shape;  ///< of component 0
  int64_t components, a_plane, b_plane, c_plane;
};
void multiply_components(const ComponentProduct& product, bool add);

/// c[t] = a[t] b of the first `tiles` tiles.
void multiply_tiles(const Spectrum& a, const Spectrum& b, const Spectrum& c, int64_t tiles);

}  // namespace solstice
