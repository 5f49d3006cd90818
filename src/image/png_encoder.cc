#include <bit>
#include <cstdio>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "image/formats.h"
#include "image/png_format.h"

namespace solstice {
namespace {

/// On photos, level 1 with the Sub and Up filters is within a percent of level 3 in size, smaller
/// than level 6 with any filter, and takes two thirds and a third of their time.
constexpr int kCompressionLevel = 1;
constexpr int kFilters = PNG_FILTER_SUB | PNG_FILTER_UP;
constexpr size_t kSmallProfile = 1024;  ///< bytes; less, and it is not compressed

void append(png_structp png, png_bytep bytes, size_t count) {
  auto* out = static_cast<std::string*>(png_get_io_ptr(png));
  bool fits = true;
  try {
    out->append(reinterpret_cast<const char*>(bytes), count);
  } catch (const std::bad_alloc&) {
    fits = false;  // the exception must not pass through libpng
  }
  if (!fits) png_error(png, "no memory left");
}

void flush_nothing(png_structp) {}

class PngEncoder {
 public:
  PngEncoder() = default;
  ~PngEncoder() { png_destroy_write_struct(&png_, &info_); }
  PngEncoder(const PngEncoder&) = delete;
  PngEncoder& operator=(const PngEncoder&) = delete;

  /// Pixels of one channel are numbers of colours where there is a palette.
  bool write(const cv::Mat& pixels, const MetadataBlocks& metadata,
             const PngPalette* palette = nullptr) {
    png_ =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, &complaint_, on_png_error, on_png_warning);
    if (png_ == nullptr || (info_ = png_create_info_struct(png_)) == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_write_fn(png_, &bytes_, append, flush_nothing);
    png_set_compression_level(png_, kCompressionLevel);
    png_set_filter(png_, PNG_FILTER_TYPE_BASE, kFilters);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(pixels.cols),
                 static_cast<png_uint_32>(pixels.rows), pixels.depth() == CV_16U ? 16 : 8,
                 palette != nullptr ? PNG_COLOR_TYPE_PALETTE : colour_type(pixels.channels()),
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (palette != nullptr) set_palette(*palette);
    set_metadata(metadata);
    png_write_info(png_, info_);
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
    for (int y = 0; y < pixels.rows; ++y) png_write_row(png_, pixels.ptr<png_byte>(y));
    png_write_end(png_, nullptr);
    return true;
  }

  std::string take_bytes() { return std::move(bytes_); }
  const char* complaint() const { return complaint_.text.data(); }

 private:
  /// libpng copies what it is given and changes nothing; its interface lacks the const.
  void set_metadata(const MetadataBlocks& metadata) {
    png_set_benign_errors(png_, 1);  // a profile that libpng dislikes is left out
    if (!metadata.icc.empty()) {
      // libpng reads no chunk of less than 92 bytes, which a profile of zeros may be compressed to.
      if (metadata.icc.size() < kSmallProfile) png_set_text_compression_level(png_, 0);
      png_set_iCCP(png_, info_, "ICC profile", PNG_COMPRESSION_TYPE_BASE,
                   reinterpret_cast<png_const_bytep>(metadata.icc.data()),
                   static_cast<png_uint_32>(metadata.icc.size()));
    }
    if (!metadata.exif.empty()) {
      png_set_eXIf_1(png_, info_, static_cast<png_uint_32>(metadata.exif.size()),
                     reinterpret_cast<png_bytep>(const_cast<char*>(metadata.exif.data())));
    }
    if (metadata.xmp.empty()) return;
    png_text text{};
    text.compression = PNG_ITXT_COMPRESSION_NONE;
    text.key = const_cast<char*>(kPngXmpKeyword.data());
    text.text = const_cast<char*>(metadata.xmp.c_str());
    png_set_text(png_, info_, &text, 1);
  }

  void set_palette(const PngPalette& palette) {
    png_set_PLTE(png_, info_, reinterpret_cast<png_const_colorp>(palette.colours.data()),
                 static_cast<int>(palette.colours.size() / sizeof(png_color)));
    if (palette.alphas.empty()) return;
    png_set_tRNS(png_, info_, reinterpret_cast<png_const_bytep>(palette.alphas.data()),
                 static_cast<int>(palette.alphas.size()), nullptr);
  }

  static int colour_type(int channels) {
    if (channels == 1) return PNG_COLOR_TYPE_GRAY;
    if (channels == 2) return PNG_COLOR_TYPE_GRAY_ALPHA;
    return channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGB_ALPHA;
  }

  std::string bytes_;
  PngComplaint complaint_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

std::string encoded(const cv::Mat& pixels, const MetadataBlocks& metadata,
                    const PngPalette* palette = nullptr) {
  PngEncoder encoder;
  if (!encoder.write(pixels, metadata, palette)) {
    throw Error(ErrorKind::kOutput, message("cannot be encoded as PNG: ", encoder.complaint()));
  }
  return encoder.take_bytes();
}

}  // namespace

void on_png_error(png_structp png, png_const_charp text) {
  auto* complaint = static_cast<PngComplaint*>(png_get_error_ptr(png));
  std::snprintf(complaint->text.data(), complaint->text.size(), "%s", text);
  png_longjmp(png, 1);
}

/// libpng leaves a damaged chunk out and says so, the chunk's name first.
void on_png_warning(png_structp png, png_const_charp text) {
  auto* complaint = static_cast<PngComplaint*>(png_get_error_ptr(png));
  const std::string_view said(text);
  complaint->of_exif |= said.starts_with("eXIf");
  complaint->of_profile |= said.starts_with("iCCP");
  complaint->of_text |= said.starts_with("iTXt");
}

std::string encode_png(const cv::Mat& pixels, const MetadataBlocks& metadata) {
  return encoded(pixels, metadata);
}

std::string encode_indexed_png(const cv::Mat& numbers, const PngPalette& palette) {
  return encoded(numbers, {}, &palette);
}

}  // namespace solstice
