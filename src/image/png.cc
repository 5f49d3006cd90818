#include <png.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <opencv2/core.hpp>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/message.h"
#include "image/formats.h"

namespace solstice {
namespace {

/// On photos, level 1 with the Sub and Up filters is within a percent of level 3 in size, smaller
/// than level 6 with any filter, and takes two thirds and a third of their time.
constexpr int kCompressionLevel = 1;
constexpr int kFilters = PNG_FILTER_SUB | PNG_FILTER_UP;

/// libpng's error callback must not return: it jumps back into the method that called libpng, so
/// those methods hold no object with a destructor.
struct Complaint {
  std::array<char, 200> text{};
  bool of_exif = false, of_profile = false, of_text = false;  ///< warnings
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto* complaint = static_cast<Complaint*>(png_get_error_ptr(png));
  std::snprintf(complaint->text.data(), complaint->text.size(), "%s", text);
  png_longjmp(png, 1);
}

/// libpng leaves a damaged chunk out and says so, the chunk's name first.
void on_warning(png_structp png, png_const_charp text) {
  auto* complaint = static_cast<Complaint*>(png_get_error_ptr(png));
  const std::string_view said(text);
  complaint->of_exif |= said.starts_with("eXIf");
  complaint->of_profile |= said.starts_with("iCCP");
  complaint->of_text |= said.starts_with("iTXt");
}

constexpr std::string_view kXmpKeyword = "XML:com.adobe.xmp";
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

  /// Reads the header and asks for 8 or 16 bit, grey, RGB or RGBA in the machine's byte order.
  bool begin() {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &complaint_, on_error, on_warning);
    if (png_ == nullptr || (info_ = png_create_info_struct(png_)) == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // max_pixels is the limit here
    png_set_chunk_malloc_max(png_, kLargestMetadata);
    png_set_read_fn(png_, &source_, take);
    png_read_info(png_, info_);
    png_set_expand(png_);
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
    const int type = png_get_color_type(png_, info_);
    const bool transparent = png_get_valid(png_, info_, PNG_INFO_tRNS) != 0;
    grey_with_alpha_ =
        type == PNG_COLOR_TYPE_GRAY_ALPHA || (type == PNG_COLOR_TYPE_GRAY && transparent);
    if (grey_with_alpha_) png_set_gray_to_rgb(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
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
      if (std::string_view(text.key) == kXmpKeyword) take_xmp({text.text, length}, metadata);
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
  Source source_;
  Complaint complaint_;
  bool grey_with_alpha_ = false;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

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

  bool write(const cv::Mat& pixels, const MetadataBlocks& metadata) {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &complaint_, on_error, on_warning);
    if (png_ == nullptr || (info_ = png_create_info_struct(png_)) == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_write_fn(png_, &bytes_, append, flush_nothing);
    png_set_compression_level(png_, kCompressionLevel);
    png_set_filter(png_, PNG_FILTER_TYPE_BASE, kFilters);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(pixels.cols),
                 static_cast<png_uint_32>(pixels.rows), pixels.depth() == CV_16U ? 16 : 8,
                 colour_type(pixels.channels()), PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
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
    text.key = const_cast<char*>(kXmpKeyword.data());
    text.text = const_cast<char*>(metadata.xmp.c_str());
    png_set_text(png_, info_, &text, 1);
  }

  static int colour_type(int channels) {
    if (channels == 1) return PNG_COLOR_TYPE_GRAY;
    if (channels == 2) return PNG_COLOR_TYPE_GRAY_ALPHA;
    return channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGB_ALPHA;
  }

  std::string bytes_;
  Complaint complaint_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

cv::Mat decode_png(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                   ImageMetadata& metadata) {
  PngDecoder decoder(bytes);
  if (!decoder.begin()) decoder.fail();
  if (decoder.width() != stored.width || decoder.height() != stored.height) {
    throw Error(ErrorKind::kInput, "is damaged: its PNG headers disagree on the size");
  }
  cv::Mat pixels = cv::Mat::zeros(decoder.height(), decoder.width(), decoder.type());
  std::vector<png_bytep> rows(static_cast<size_t>(pixels.rows));
  for (int y = 0; y < pixels.rows; ++y) rows[static_cast<size_t>(y)] = pixels.ptr<png_byte>(y);
  if (!decoder.read(rows.data())) {
    if (!decoder.ran_out_of_bytes()) decoder.fail();
    take_truncated(truncated, metadata);
  }
  decoder.read_metadata(metadata);
  metadata.grey_with_alpha = decoder.grey_with_alpha();
  return pixels;
}

std::string encode_png(const cv::Mat& pixels, const MetadataBlocks& metadata) {
  PngEncoder encoder;
  if (!encoder.write(pixels, metadata)) {
    throw Error(ErrorKind::kOutput, message("cannot be encoded as PNG: ", encoder.complaint()));
  }
  return encoder.take_bytes();
}

}  // namespace solstice
