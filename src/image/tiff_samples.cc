#include "image/tiff_samples.h"

#include <algorithm>
#include <cstring>
#include <opencv2/core.hpp>
#include <vector>

#include "core/error.h"

namespace solstice {
namespace {

class SampleReader {
 public:
  SampleReader(TIFF* tiff, const TiffLayout& layout)
      : tiff_(tiff), layout_(layout), tiled_(TIFFIsTiled(tiff) != 0) {
    const ImageHeader& header = layout.header;
    samples_ = cv::Mat::zeros(header.height, header.width,
                              CV_MAKETYPE(layout.bits == 16 ? CV_16U : CV_8U, layout.samples));
    planes_ = layout.planar ? layout.samples : 1;
  }

  /// False where a part could not be read; the others are, and it stays zero.
  bool read() {
    uint32_t width = static_cast<uint32_t>(samples_.cols);
    uint32_t height = 0;
    if (tiled_) {
      TIFFGetField(tiff_, TIFFTAG_TILEWIDTH, &width);
      TIFFGetField(tiff_, TIFFTAG_TILELENGTH, &height);
    } else {
      TIFFGetFieldDefaulted(tiff_, TIFFTAG_ROWSPERSTRIP, &height);
      height = std::min(height, static_cast<uint32_t>(samples_.rows));
    }
    // A tile may be larger than its picture, and one of a bomb is.
    constexpr uint64_t kMostTile = uint64_t{1} << 28;
    const auto bytes =
        static_cast<uint64_t>(tiled_ ? TIFFTileSize64(tiff_) : TIFFStripSize64(tiff_));
    const uint64_t picture = samples_.total() * samples_.elemSize();
    if (width == 0 || height == 0 || bytes == 0 || bytes > std::max(kMostTile, 2 * picture)) {
      throw Error(ErrorKind::kInput, "is a damaged TIFF image");
    }
    part_.resize(bytes);
    return read_parts(static_cast<int>(std::min<uint32_t>(width, 1U << 30)),
                      static_cast<int>(std::min<uint32_t>(height, 1U << 30)));
  }

  const cv::Mat& samples() const { return samples_; }

 private:
  bool read_parts(int width, int height) {
    bool whole = true;
    for (int plane = 0; plane < planes_; ++plane) {
      for (int y = 0; y < samples_.rows; y += std::min(height, samples_.rows)) {
        for (int x = 0; x < samples_.cols; x += std::min(width, samples_.cols)) {
          if (read_part(x, y, plane)) {
            place({x, y, std::min(width, samples_.cols - x), std::min(height, samples_.rows - y)},
                  width, plane);
          } else {
            whole = false;
          }
        }
      }
    }
    return whole;
  }

  bool read_part(int x, int y, int plane) {
    std::fill(part_.begin(), part_.end(), uint8_t{0});
    const auto row = static_cast<uint32_t>(y);
    const auto sample = static_cast<uint16_t>(plane);
    const auto size = static_cast<tmsize_t>(part_.size());
    if (tiled_) {
      const uint32_t tile = TIFFComputeTile(tiff_, static_cast<uint32_t>(x), row, 0, sample);
      return TIFFReadEncodedTile(tiff_, tile, part_.data(), size) > 0;
    }
    return TIFFReadEncodedStrip(tiff_, TIFFComputeStrip(tiff_, row, sample), part_.data(), size) >
           0;
  }

  void place(const cv::Rect& where, int part_width, int plane) {
    const int channels = layout_.planar ? 1 : layout_.samples;
    const bool as_it_is = layout_.bits >= 8 && channels == layout_.samples;
    const size_t row_bytes =
        (static_cast<size_t>(part_width) * static_cast<size_t>(channels * layout_.bits) + 7) / 8;
    const auto rows = std::min<size_t>(static_cast<size_t>(where.height), part_.size() / row_bytes);
    for (size_t y = 0; y < rows; ++y) {
      const uint8_t* in = part_.data() + y * row_bytes;
      const int row = where.y + static_cast<int>(y);
      if (as_it_is) {
        const size_t pixel = samples_.elemSize();
        std::memcpy(samples_.ptr(row) + static_cast<size_t>(where.x) * pixel, in,
                    static_cast<size_t>(where.width) * pixel);
        continue;
      }
      for (int x = 0; x < where.width; ++x) {
        for (int c = 0; c < channels; ++c) {
          set(where.x + x, row, plane + c,
              value(in, static_cast<size_t>(x) * static_cast<size_t>(channels) +
                            static_cast<size_t>(c)));
        }
      }
    }
  }

  uint32_t value(const uint8_t* row, size_t index) const {
    if (layout_.bits == 16) {
      uint16_t word;
      std::memcpy(&word, row + 2 * index, 2);
      return word;
    }
    if (layout_.bits == 8) return row[index];
    const auto bits = static_cast<size_t>(layout_.bits);
    const size_t from = index * bits;
    return static_cast<uint32_t>(row[from / 8]) >> (8 - bits - from % 8) & ((1U << bits) - 1);
  }

  void set(int x, int y, int channel, uint32_t value) {
    const int at = x * layout_.samples + channel;
    if (layout_.bits == 16) {
      samples_.ptr<uint16_t>(y)[at] = static_cast<uint16_t>(value);
    } else {
      samples_.ptr<uint8_t>(y)[at] = static_cast<uint8_t>(value);
    }
  }

  TIFF* tiff_;
  const TiffLayout& layout_;
  bool tiled_;
  int planes_ = 1;
  cv::Mat samples_;
  std::vector<uint8_t> part_;
};

}  // namespace

TiffSamples read_tiff_samples(TIFF* tiff, const TiffLayout& layout) {
  SampleReader reader(tiff, layout);
  const bool whole = reader.read();
  return {reader.samples(), whole};
}

}  // namespace solstice
