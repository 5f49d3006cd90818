#include <tiffio.h>

#include <algorithm>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/error.h"
#include "core/message.h"
#include "image/exif_block.h"
#include "image/formats.h"
#include "image/tiff_header.h"
#include "image/tiff_memory.h"
#include "image/tiff_samples.h"

namespace solstice {
namespace {

[[noreturn]] void fail_to_decode() {
  throw Error(ErrorKind::kInput, "is a damaged or truncated TIFF image");
}

void read_metadata(std::string_view bytes, TIFF* tiff, ImageMetadata& metadata) {
  const std::optional<ExifBlock> exif = read_exif_of_tiff(bytes);
  if (exif && !exif->empty()) take_exif(write_exif(*exif), metadata);
  uint32_t size = 0;
  void* data = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_XMLPACKET, &size, &data) != 0) {
    take_xmp({static_cast<const char*>(data), size}, metadata);
  }
  if (TIFFGetField(tiff, TIFFTAG_ICCPROFILE, &size, &data) != 0) {
    take_icc({static_cast<const char*>(data), size}, metadata);
  }
}

cv::Mat rgb_of_palette(TIFF* tiff, const cv::Mat& indices, int bits) {
  uint16_t* map[3] = {};
  if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2]) == 0) fail_to_decode();
  const size_t entries = size_t{1} << bits;
  // Some writers put values of 8 bits where those of 16 belong.
  const bool wide = std::any_of(std::begin(map), std::end(map), [&](const uint16_t* channel) {
    return std::any_of(channel, channel + entries, [](uint16_t level) { return level > 255; });
  });
  // Half of the writers spread 8 bits by 257, half by 256; the upper byte is right for both.
  cv::Mat rgb(indices.size(), CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const uint8_t index = indices.at<uint8_t>(y, x);
      for (int c = 0; c < 3; ++c) {
        const uint32_t level = map[c][index];
        rgb.at<cv::Vec3b>(y, x)[c] = static_cast<uint8_t>(wide ? level >> 8 : level);
      }
    }
  }
  return rgb;
}

template <class Level>
cv::Mat rgb_of_cmyk(const cv::Mat& cmyk) {
  constexpr uint64_t kMost = std::numeric_limits<Level>::max();
  cv::Mat rgb(cmyk.size(), CV_MAKETYPE(cmyk.depth(), 3));
  for (int y = 0; y < cmyk.rows; ++y) {
    const Level* in = cmyk.ptr<Level>(y);
    Level* out = rgb.ptr<Level>(y);
    for (int x = 0; x < cmyk.cols; ++x, in += 4, out += 3) {
      for (int c = 0; c < 3; ++c) {
        out[c] = static_cast<Level>(((kMost - in[c]) * (kMost - in[3]) + kMost / 2) / kMost);
      }
    }
  }
  return rgb;
}

template <class Level>
void divide_by_alpha(cv::Mat& rgba) {
  constexpr uint32_t kMost = std::numeric_limits<Level>::max();
  for (int y = 0; y < rgba.rows; ++y) {
    Level* pixel = rgba.ptr<Level>(y);
    for (int x = 0; x < rgba.cols; ++x, pixel += 4) {
      const uint32_t alpha = pixel[3];
      for (int c = 0; alpha != 0 && c < 3; ++c) {
        pixel[c] = static_cast<Level>(std::min(kMost, (pixel[c] * kMost + alpha / 2) / alpha));
      }
    }
  }
}

cv::Mat of_grey(const cv::Mat& samples, const TiffLayout& layout) {
  cv::Mat levels = samples;
  if (layout.bits < 8) levels *= 255 / ((1 << layout.bits) - 1);
  if (layout.samples == 1) {
    if (layout.zero_is_white) cv::bitwise_not(levels, levels);
    return levels;
  }
  if (layout.zero_is_white) {
    cv::bitwise_xor(levels, levels.depth() == CV_16U ? cv::Scalar(65535, 0) : cv::Scalar(255, 0),
                    levels);
  }
  cv::Mat rgba(levels.size(), CV_MAKETYPE(levels.depth(), 4));
  constexpr int kGreyAndAlpha[] = {0, 0, 0, 1, 0, 2, 1, 3};
  cv::mixChannels(&levels, 1, &rgba, 1, kGreyAndAlpha, 4);
  return rgba;
}

/// Chroma of fewer samples than luma, by libtiff's own conversion.
cv::Mat rgb_of_ycbcr(TIFF* tiff, const ImageHeader& header) {
  cv::Mat packed(header.height, header.width, CV_8UC4);
  TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);  // turned later, once
  if (TIFFReadRGBAImageOriented(tiff, static_cast<uint32_t>(header.width),
                                static_cast<uint32_t>(header.height), packed.ptr<uint32_t>(),
                                ORIENTATION_TOPLEFT, 1) == 0) {
    fail_to_decode();
  }
  cv::Mat rgb;
  cv::cvtColor(packed, rgb, cv::COLOR_RGBA2RGB);
  return rgb;
}

cv::Mat pixels_of(TIFF* tiff, const TiffLayout& layout) {
  if (layout.colours == TiffColours::kYcbcr) {
    uint16_t compression = COMPRESSION_NONE;
    TIFFGetField(tiff, TIFFTAG_COMPRESSION, &compression);
    if (compression != COMPRESSION_JPEG) return rgb_of_ycbcr(tiff, layout.header);
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  const TiffSamples read = read_tiff_samples(tiff, layout);
  if (!read.whole && layout.whole) fail_to_decode();
  switch (layout.colours) {
    case TiffColours::kGrey:
      return of_grey(read.samples, layout);
    case TiffColours::kPalette:
      return rgb_of_palette(tiff, read.samples, layout.bits);
    case TiffColours::kCmyk:
      return layout.bits == 16 ? rgb_of_cmyk<uint16_t>(read.samples)
                               : rgb_of_cmyk<uint8_t>(read.samples);
    default:
      return read.samples;
  }
}

void write_fields(TIFF* tiff, const cv::Mat& pixels, const MetadataBlocks& metadata) {
  constexpr int kStripBytes = 1 << 16;
  const int channels = pixels.channels();
  const auto row_bytes = static_cast<int>(static_cast<size_t>(pixels.cols) * pixels.elemSize());
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, pixels.cols);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, pixels.rows);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, pixels.depth() == CV_16U ? 16 : 8);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, channels);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, channels <= 2 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
  TIFFSetField(tiff, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, std::clamp(kStripBytes / row_bytes, 1, pixels.rows));
  if (channels == 2 || channels == 4) {
    const uint16_t straight = EXTRASAMPLE_UNASSALPHA;
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &straight);
  }
  const auto put = [tiff](uint32_t tag, const std::string& block) {
    if (!block.empty()) {
      TIFFSetField(tiff, tag, static_cast<uint32_t>(block.size()), block.data());
    }
  };
  put(TIFFTAG_XMLPACKET, metadata.xmp);
  put(TIFFTAG_ICCPROFILE, metadata.icc);
}

}  // namespace

cv::Mat decode_tiff(std::string_view bytes, const ImageHeader&, Truncated truncated,
                    ImageMetadata& metadata) {
  const TiffLayout layout = tiff_layout(bytes);
  if (!layout.whole) take_truncated(truncated, metadata);
  MemoryTiff file(bytes);
  if (file.handle() == nullptr) fail_to_decode();
  cv::Mat pixels = pixels_of(file.handle(), layout);
  if (layout.alpha == TiffAlpha::kPremultiplied) {
    pixels.depth() == CV_16U ? divide_by_alpha<uint16_t>(pixels) : divide_by_alpha<uint8_t>(pixels);
  }
  read_metadata(bytes, file.handle(), metadata);
  metadata.grey_with_alpha = layout.colours == TiffColours::kGrey && layout.samples == 2;
  return pixels;
}

std::string encode_tiff(const cv::Mat& pixels, const MetadataBlocks& metadata) {
  // In the byte order of the EXIF, whose values need not be understood then.
  const std::optional<ExifBlock> exif = read_exif(metadata.exif);
  MemoryTiff file(exif && exif->endian == Endian::kBig ? "wb" : "wl");
  bool done = file.handle() != nullptr;
  if (done) write_fields(file.handle(), pixels, metadata);
  // libtiff changes the row it is given.
  std::vector<uint8_t> row(static_cast<size_t>(pixels.cols) * pixels.elemSize());
  for (int y = 0; done && y < pixels.rows; ++y) {
    std::copy_n(pixels.ptr<uint8_t>(y), row.size(), row.begin());
    done = TIFFWriteScanline(file.handle(), row.data(), static_cast<uint32_t>(y), 0) == 1;
  }
  done = done && TIFFFlush(file.handle()) == 1;
  if (!done) {
    throw Error(ErrorKind::kOutput, message("image of ", pixels.cols, "x", pixels.rows,
                                            " pixels cannot be encoded as TIFF"));
  }
  const std::string bytes = file.take();
  return exif ? tiff_with_exif(bytes, *exif) : bytes;
}

}  // namespace solstice
