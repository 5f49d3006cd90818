#include <png.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <opencv2/imgproc.hpp>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/message.h"
#include "image/formats.h"
#include "image/indexed_png.h"
#include "image/png_format.h"

namespace solstice {
namespace {

constexpr const char* kOutOfBytes = "out of bytes";

struct Source {
  const char* bytes;
  size_t left;
};

void take(png_structp png, png_bytep to, size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->left) png_error(png, kOutOfBytes);
  std::memcpy(to, source->bytes, count);
  source->bytes += count;
  source->left -= count;
}

class PngDecoder {
 public:
  explicit PngDecoder(std::string_view bytes) : source_{bytes.data(), bytes.size()} {}
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  /// Reads the header and asks for 8 or 16 bit, grey, RGB or RGBA in the machine's byte order, or,
  /// given a place for the palette, for its numbers in 8 bit.
  bool begin(PngPalette* palette = nullptr) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &complaint_, on_png_error, on_png_warning);
    if (png_ == nullptr || (info_ = png_create_info_struct(png_)) == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // max_pixels is the limit here
    png_set_chunk_malloc_max(png_, kLargestMetadata);
    png_set_read_fn(png_, &source_, take);
    png_read_info(png_, info_);
    png_set_interlace_handling(png_);
    if (palette != nullptr) {
      png_set_packing(png_);
    } else {
      ask_for_colours();
    }
    png_read_update_info(png_, info_);
    return palette == nullptr || read_palette(*palette);
  }

  bool read(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_image(png_, rows);
    png_read_end(png_, info_);
    return true;
  }

  bool ran_out_of_bytes() const { return std::strcmp(complaint_.text.data(), kOutOfBytes) == 0; }

  /// Hands over what has been read of EXIF, XMP and the colour profile.
  void read_metadata(ImageMetadata& metadata) {
    png_bytep exif = nullptr;
    png_uint_32 exif_size = 0;
    if (png_get_eXIf_1(png_, info_, &exif_size, &exif) != 0) {
      take_exif({reinterpret_cast<const char*>(exif), exif_size}, metadata);
    } else if (complaint_.of_exif) {
      leave_out("EXIF", metadata);
    }
    png_charp name = nullptr;
    int compression = 0;
    png_bytep profile = nullptr;
    png_uint_32 profile_size = 0;
    if (png_get_iCCP(png_, info_, &name, &compression, &profile, &profile_size) != 0) {
      take_icc({reinterpret_cast<const char*>(profile), profile_size}, metadata);
    } else if (complaint_.of_profile) {
      leave_out("colour profile", metadata);
    }
    png_textp texts = nullptr;
    const int count = png_get_text(png_, info_, &texts, nullptr);
    for (const png_text& text : std::span(texts, static_cast<size_t>(count))) {
      const size_t length =
          text.compression >= PNG_ITXT_COMPRESSION_NONE ? text.itxt_length : text.text_length;
      if (std::string_view(text.key) == kPngXmpKeyword) take_xmp({text.text, length}, metadata);
    }
    if (metadata.xmp.empty() && complaint_.of_text) leave_out("XMP", metadata);
  }

  bool grey_with_alpha() const { return grey_with_alpha_; }
  int width() const { return static_cast<int>(png_get_image_width(png_, info_)); }
  int height() const { return static_cast<int>(png_get_image_height(png_, info_)); }
  int type() const {
    return CV_MAKETYPE(png_get_bit_depth(png_, info_) == 16 ? CV_16U : CV_8U,
                       png_get_channels(png_, info_));
  }

  [[noreturn]] void fail() const {
    if (ran_out_of_bytes()) throw Error(ErrorKind::kInput, "is truncated");
    throw Error(ErrorKind::kInput, message("is damaged: ", complaint_.text.data()));
  }

 private:
  void ask_for_colours() {
    png_set_expand(png_);
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
    const int type = png_get_color_type(png_, info_);
    const bool transparent = png_get_valid(png_, info_, PNG_INFO_tRNS) != 0;
    grey_with_alpha_ =
        type == PNG_COLOR_TYPE_GRAY_ALPHA || (type == PNG_COLOR_TYPE_GRAY && transparent);
    if (grey_with_alpha_) png_set_gray_to_rgb(png_);
  }

  bool read_palette(PngPalette& palette) {
    png_colorp colours = nullptr;
    int count = 0;
    if (png_get_PLTE(png_, info_, &colours, &count) == 0) return false;
    for (const png_color& colour : std::span(colours, static_cast<size_t>(count))) {
      for (const png_byte part : {colour.red, colour.green, colour.blue}) {
        palette.colours.push_back(static_cast<char>(part));
      }
    }
    png_bytep alphas = nullptr;
    if (png_get_tRNS(png_, info_, &alphas, &count, nullptr) != 0) {
      palette.alphas.assign(reinterpret_cast<const char*>(alphas), static_cast<size_t>(count));
    }
    return true;
  }

  Source source_;
  PngComplaint complaint_;
  bool grey_with_alpha_ = false;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

bool read_pixels(PngDecoder& decoder, cv::Mat& pixels) {
  pixels = cv::Mat::zeros(decoder.height(), decoder.width(), decoder.type());
  std::vector<png_bytep> rows(static_cast<size_t>(pixels.rows));
  for (int y = 0; y < pixels.rows; ++y) rows[static_cast<size_t>(y)] = pixels.ptr<png_byte>(y);
  return decoder.read(rows.data());
}

}  // namespace

cv::Mat decode_png(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                   ImageMetadata& metadata) {
  PngDecoder decoder(bytes);
  if (!decoder.begin()) decoder.fail();
  if (decoder.width() != stored.width || decoder.height() != stored.height) {
    throw Error(ErrorKind::kInput, "is damaged: its PNG headers disagree on the size");
  }
  cv::Mat pixels;
  if (!read_pixels(decoder, pixels)) {
    if (!decoder.ran_out_of_bytes()) decoder.fail();
    take_truncated(truncated, metadata);
  }
  decoder.read_metadata(metadata);
  metadata.grey_with_alpha = decoder.grey_with_alpha();
  return pixels;
}

bool is_indexed_png(std::string_view bytes) {
  constexpr size_t kColourType = 25;
  return bytes.starts_with("\x89PNG") && bytes.size() > kColourType &&
         bytes[kColourType] == PNG_COLOR_TYPE_PALETTE;
}

std::string enlarge_indexed_png(std::string_view bytes, int scale) {
  PngDecoder decoder(bytes);
  PngPalette palette;
  cv::Mat numbers;
  if (!decoder.begin(&palette) || !read_pixels(decoder, numbers)) decoder.fail();
  cv::resize(numbers, numbers, {}, scale, scale, cv::INTER_NEAREST);
  return encode_indexed_png(numbers, palette);
}

}  // namespace solstice
