#include "models/networks/strided_winograd.h"

#include <ATen/ops/einsum.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "models/networks/winograd_tiles.h"

namespace solstice {
namespace {

constexpr int64_t kComponents = 16, kPhases = 4;
constexpr int64_t kPixels = 3;  ///< results of one phase along a tile's side
constexpr int64_t kWindow = 4;  ///< what they are made of
constexpr int64_t kLeastChannels = 32;
constexpr int64_t kMostWeights = 1 << 22;
constexpr int64_t kSmallWeights = 1 << 20;  ///< whose spectrum, 16 MB, may stay in the third cache
constexpr int64_t kFewestPixels = 4096;     ///< of a plane that a larger one pays for

/// G g G^T of the four phases: (16, 4 C, K) where the layer halves, else (16, C, 4 K).
at::Tensor weight_spectrum(const at::Tensor& weight, bool halves) {
  const at::Tensor g = at::tensor({1., 0., .5, .5, .5, -.5, 0., 1.}, at::kDouble).view({4, 2});
  // Tap 2p + a of the kernel is tap p of phase a; a transposed one meets its taps in reverse.
  at::Tensor taps = weight.to(at::kDouble).reshape({weight.size(0), weight.size(1), 2, 2, 2, 2});
  if (!halves) taps = at::flip(taps, {2, 4});
  const at::Tensor made =
      at::einsum(halves ? "ip,jq,kcpaqb->ijabck" : "ip,jq,ckpaqb->ijcabk", {g, g, taps});
  return made.reshape({kComponents, halves ? kPhases * weight.size(1) : weight.size(0), -1})
      .to(at::kFloat);
}

}  // namespace

/// Where the tiles of a plane read and write, along its rows and its columns.
struct StridedWinograd::Tiles {
  /// Rows (columns) of what is held and of what is made; -1 for those outside.
  struct Side {
    /// `held` rows from held_first on, and results [first, first + count).
    Side(bool halves, const RowWindow& window, int64_t held) {
      // Where a layer doubles the size, a tile makes six rows from an odd one on.
      const int64_t start = halves ? window.first : window.first - (window.first + 1) % 2;
      const int64_t step = halves ? kPixels : 2 * kPixels;
      count = (window.first + window.count - start + step - 1) / step;
      const int64_t base = halves ? 2 * start - 1 : (start + 1) / 2 - 1;
      const int64_t seen = (halves ? 2 : 1) * (kPixels * count + kWindow - kPixels);
      for (int64_t i = 0; i < seen; ++i) {
        const int64_t at = base + i - window.held_first;
        inputs.push_back(at >= 0 && at < held ? at : -1);
      }
      for (int64_t i = 0; i < step * count; ++i) {
        const int64_t at = start + i - window.first;
        outputs.push_back(at >= 0 && at < window.count ? at : -1);
      }
    }
    int64_t count;
    std::vector<int64_t> inputs, outputs;
  };

  Tiles(bool halves, const RowWindow& window, int64_t held, int64_t width, int64_t out_width)
      : rows(halves, window, held), columns(halves, {width, 0, 0, out_width}, width) {}
  Side rows, columns;
};

StridedWinograd::StridedWinograd(const at::Tensor& weight, const at::Tensor& bias,
                                 Direction direction)
    : halves_(direction == Direction::kForward),
      in_(weight.size(halves_ ? 1 : 0)),
      out_(weight.size(halves_ ? 0 : 1)),
      bias_(bias) {
  const at::Tensor made = weight_spectrum(weight, halves_);
  const Spectrum padded(kComponents, made.size(1), made.size(2));
  padded.tensor.copy_(made);
  spectrum_ = padded.tensor;
}

bool StridedWinograd::fits(const at::Tensor& weight, const ConvGeometry& geometry) {
  const auto many = [](int64_t channels) {
    return channels >= kLeastChannels && channels % kWinogradChannelStep == 0;
  };
  return weight.is_cpu() && weight.dtype() == at::kFloat && weight.size(2) == 4 &&
         geometry.stride == 2 && geometry.padding == 1 && geometry.output_padding == 0 &&
         many(weight.size(0)) && many(weight.size(1)) && weight.numel() <= kMostWeights &&
         cpu_kernels().vectors_are_wide;
}

bool StridedWinograd::pays(const at::Tensor& weight, int64_t height, int64_t width) {
  return weight.numel() <= kSmallWeights || height * width >= kFewestPixels;
}

at::Tensor StridedWinograd::run(const std::vector<at::Tensor>& inputs, const RowWindow& window,
                                const Slopes& slopes) const {
  const at::Tensor& x = inputs.front();
  const int64_t width = halves_ ? x.size(3) / 2 : 2 * x.size(3);
  at::Tensor y =
      at::empty({1, out_, window.count, width}, x.options(), at::MemoryFormat::ChannelsLast);
  make(inputs, Tiles(halves_, window, x.size(2), x.size(3), width), slopes, y);
  return y;
}

void StridedWinograd::make(const std::vector<at::Tensor>& inputs, const Tiles& tiles,
                           const Slopes& slopes, at::Tensor& y) const {
  const PhaseKernels& kernels = cpu_kernels().phases;
  const auto& to_spectrum = halves_ ? kernels.four_to_spectrum : kernels.one_to_spectrum;
  const auto& from_spectrum = halves_ ? kernels.spectrum_to_one : kernels.spectrum_to_four;
  const int64_t read_step = (halves_ ? 2 : 1) * kPixels, made_step = (halves_ ? 1 : 2) * kPixels;
  const Spectrum weight(spectrum_, spectrum_.size(2));
  const TilePlan plan(spectrum_);
  const std::vector<TileBlock> blocks =
      tile_blocks(tiles.rows.count, tiles.columns.count, plan.most_tiles);
  const float* bias = bias_.defined() ? bias_.const_data_ptr<float>() : nullptr;
  plan.run(blocks.size(), [&](int64_t begin, int64_t end) {
    const int64_t most = blocks.front().tiles();
    const Spectrum read(kComponents, most, spectrum_.size(1));
    const Spectrum made(kComponents, most, spectrum_.size(2));
    for (int64_t b = begin; b < end; ++b) {
      const TileBlock& block = blocks[b];
      for_parts(block.rows, block.columns, read,
                [&](int64_t i, int64_t j, int64_t columns, TileSpectrum spectrum) {
                  PhaseGrid grid{0,
                                 0,
                                 in_,
                                 columns,
                                 tiles.rows.inputs.data() + read_step * (block.row + i),
                                 tiles.columns.inputs.data() + read_step * (block.column + j)};
                  for (const at::Tensor& x : inputs) {
                    grid.width = x.size(3);
                    grid.channels = x.size(1);
                    to_spectrum(x.const_data_ptr<float>(), grid, slopes.inputs, spectrum);
                    spectrum.data += grid.channels;
                  }
                });
      multiply_tiles(read, weight, made, block.tiles());
      for_parts(block.rows, block.columns, made,
                [&](int64_t i, int64_t j, int64_t columns, TileSpectrum spectrum) {
                  const PhaseGrid grid{
                      y.size(3),
                      out_,
                      out_,
                      columns,
                      tiles.rows.outputs.data() + made_step * (block.row + i),
                      tiles.columns.outputs.data() + made_step * (block.column + j)};
                  from_spectrum(spectrum, bias, slopes.outputs, grid, y.data_ptr<float>());
                });
    }
  });
}

}  // namespace solstice
