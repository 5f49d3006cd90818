#pragma once

#include <cstdint>

namespace solstice {

/// The upper half of a float, as at::BFloat16 holds it.
struct Bf16 {
  uint16_t bits;
};

/// Matrix product c = a b of float32, or c += a b when `add` is set. a is (m, depth) with any
/// strides, b (depth, n) and c (m, n) have contiguous rows; n is a multiple of 16.
struct Product {
  const float* a;
  int64_t a_row, a_column;  ///< strides of a
  const float* b;
  int64_t b_row;
  float* c;
  int64_t c_row;
  int64_t m, n, depth;
};

/// How Winograd's tiles lie on an image of channels_last layout (height, width, channels). Tile
/// (i, j) makes the 4x4 outputs from (4i, 4j) on, out of the 6x6 padded inputs from (4i, 4j) on.
struct TileGrid {
  int64_t height, width, channels;  ///< of the image that is read or written; channels % 16 == 0
  int64_t tile_rows, tile_columns;
  /// Row (column) of the image that a padded row (column) shows; -1 where it is zero. 4 x tiles + 2
  /// entries for the inputs, 4 x tiles for the outputs.
  const int64_t* rows;
  const int64_t* columns;
};

/// Tiles in Winograd's domain: component e (of 36) of tile t at data[e * plane + t * row +
/// channel].
struct TileSpectrum {
  float* data;
  int64_t plane, row;
};

/// A 3x3 weight (outer, inner, 3, 3) by its strides; inner % 16 == 0.
struct Kernel3x3 {
  int64_t outer, inner;
  int64_t outer_stride, inner_stride, row_stride, column_stride;
};

/// The transforms of Winograd's F(4x4, 3x3) (Lavin and Gray 2016) and their adjoints, for one row
/// of tiles, or one outer index of a weight.
struct TileKernels {
  /// B^T d B of every tile in row `i`.
  void (*inputs_to_spectrum)(const float* image, const TileGrid&, int64_t i, TileSpectrum);
  /// A^T m A + bias, into the image; bias may be null.
  void (*spectrum_to_outputs)(TileSpectrum, const float* bias, const TileGrid&, int64_t i,
                              float* image);
  /// A dy A^T: the adjoint of spectrum_to_outputs.
  void (*outputs_to_spectrum)(const float* image, const TileGrid&, int64_t i, TileSpectrum);
  /// B v B^T added to the image at the inputs of every tile in row `i`: the adjoint of
  /// inputs_to_spectrum. Rows of tiles that are not neighbours write to different pixels.
  void (*add_spectrum_to_inputs)(TileSpectrum, const TileGrid&, int64_t i, float* image);
  /// G g G^T of outer indices [begin, end), as tile `outer`, channel `inner` of the spectrum.
  void (*weight_to_spectrum)(const float* weight, const Kernel3x3&, int64_t begin, int64_t end,
                             TileSpectrum);
  /// G^T u G: the adjoint.
  void (*spectrum_to_weight)(TileSpectrum, const Kernel3x3&, int64_t begin, int64_t end,
                             float* weight);
};

/// One row of the tiles of F(3x3, 2x2) on an image of channels_last layout, which is read or
/// written in one phase or in four: those of even and odd rows and columns.
struct PhaseGrid {
  int64_t width, channels;  ///< of the image; channels % 16 == 0
  int64_t all_channels;     ///< of a phase in the spectrum, of which the image's are a part
  int64_t tile_columns;
  /// Row (column) of the image at each place along the first tile (along all tiles); -1 where there
  /// is none. One phase reads 4 places a tile and makes 3, the next tile's begin 3 further; two
  /// phases take twice as many, in turn.
  const int64_t* rows;
  const int64_t* columns;
};

/// The transforms of F(3x3, 2x2), of which a spectrum has 16 components. What is below zero is
/// multiplied by `slope` as it is read or before it is written.
struct PhaseKernels {
  using Read = void (*)(const float* image, const PhaseGrid&, float slope, TileSpectrum);
  /// bias (channels) may be null.
  using Write = void (*)(TileSpectrum, const float* bias, float slope, const PhaseGrid&,
                         float* image);
  Read one_to_spectrum, four_to_spectrum;
  Write spectrum_to_one, spectrum_to_four;
};

/// z = (x * scale + offset) * weight + bias, per channel; what is negative of z is multiplied by
/// `slope` (1: no activation, 0: ReLU).
struct NormMap {
  const float *scale, *offset, *weight, *bias;
  float slope;
};

/// Normalisation of `count` pixels of `channels` values in channels_last layout. With x^ = x *
/// scale
/// + offset and g = dy * (z < 0 ? slope : 1):
template <class Pixel>
struct NormKernels {
  /// Adds sum(x - shift) and sum((x - shift)^2) per channel to sums[0..C) and sums[C..2C).
  void (*statistics)(const Pixel* x, const float* shift, int64_t count, int64_t channels,
                     double* sums);
  /// y = act(z) + residual; residual may be null.
  void (*apply)(const Pixel* x, const NormMap&, const Pixel* residual, int64_t count,
                int64_t channels, Pixel* y);
  /// Adds sum(g) and sum(g x^) per channel to sums[0..C) and sums[C..2C).
  void (*gradient_sums)(const Pixel* x, const Pixel* dy, const NormMap&, int64_t count,
                        int64_t channels, double* sums);
  /// dx = factors[c] * g + factors[C + c] * x^ + factors[2C + c].
  void (*gradient)(const Pixel* x, const Pixel* dy, const NormMap&, const float* factors,
                   int64_t count, int64_t channels, Pixel* dx);
};

/// Two 1x1 convolutions with a ReLU between them, from levels to levels (0 to 255 or 65535) plus a
/// half. `numbers`: the results' biases, then of each feature its bias, its weight of each input
/// and its weight in each result.
struct PointwiseLayers {
  int64_t inputs, features, outputs;  ///< inputs and outputs are 1 or 3
  const float* numbers;
};

/// Runs them on `count` pixels, truncates and clamps. `out` is not `in`.
template <class Level>
using Grade = void (*)(const PointwiseLayers&, const Level* in, int64_t count, Level* out);

/// Loops compiled for several instruction sets; the best that this processor has.
struct CpuKernels {
  bool vectors_are_wide;  ///< false: no AVX2, LibTorch's own operators are faster
  void (*multiply)(const Product&, bool add);
  TileKernels tiles;
  PhaseKernels phases;
  NormKernels<float> norm;
  NormKernels<Bf16> norm_bf16;
  Grade<uint8_t> grade_8_bit;
  Grade<uint16_t> grade_16_bit;
};
const CpuKernels& cpu_kernels();

/// AVX-512 F, BW, VL and DQ, without which LibTorch's fused operators take no bfloat16.
bool has_avx512();

}  // namespace solstice
