// jpeglib.h needs FILE and size_t declared before it, and jerror.h needs jpeglib.h.
#include <cstdio>

#include <jpeglib.h>

#include <jerror.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdlib>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/message.h"
#include "image/formats.h"

namespace solstice {
namespace {

/// A progressive file may ask for any number of passes over the picture; real ones have about ten.
constexpr int kMaxScans = 500;

/// libjpeg reports through callbacks that must not return. They jump back into the method that
/// called libjpeg, so those methods hold no object with a destructor.
struct Complaint {
  jpeg_error_mgr manager;  // first: libjpeg's pointer to it is a pointer to the Complaint
  jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> text;
  bool truncated;
};

[[noreturn]] void escape(j_common_ptr info) {
  auto* complaint = reinterpret_cast<Complaint*>(info->err);
  info->err->format_message(info, complaint->text.data());
  std::longjmp(complaint->escape, 1);
}

/// Warnings that mean missing or wrong pixels are errors here; libjpeg itself would paint grey.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  auto* complaint = reinterpret_cast<Complaint*>(info->err);
  complaint->truncated = code == JWRN_JPEG_EOF;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
      code == JWRN_ARITH_BAD_CODE || code == JWRN_MUST_RESYNC) {
    escape(info);
  }
}

void on_progress(j_common_ptr info) {
  const auto* decoder = reinterpret_cast<jpeg_decompress_struct*>(info);
  if (decoder->input_scan_number <= kMaxScans) return;
  auto* complaint = reinterpret_cast<Complaint*>(info->err);
  std::snprintf(complaint->text.data(), complaint->text.size(), "more than %d scans", kMaxScans);
  std::longjmp(complaint->escape, 1);
}

void say_nothing(j_common_ptr) {}

void prepare(Complaint& complaint) {
  jpeg_std_error(&complaint.manager);
  complaint.manager.error_exit = escape;
  complaint.manager.emit_message = on_message;
  complaint.manager.output_message = say_nothing;
}

class JpegDecoder {
 public:
  explicit JpegDecoder(std::string_view bytes) : bytes_(bytes) {
    prepare(complaint_);
    info_.err = &complaint_.manager;
    progress_.progress_monitor = on_progress;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&info_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  bool begin() {
    if (setjmp(complaint_.escape) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_read_header(&info_, TRUE);
    if (info_.num_components == 1) info_.out_color_space = JCS_GRAYSCALE;
    if (info_.num_components == 3) info_.out_color_space = JCS_RGB;
    if (info_.num_components == 4) info_.out_color_space = JCS_CMYK;
    return true;
  }

  bool read(uint8_t* pixels, size_t stride) {
    if (setjmp(complaint_.escape) != 0) return false;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels + stride * info_.output_scanline;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  int width() const { return static_cast<int>(info_.image_width); }
  int height() const { return static_cast<int>(info_.image_height); }
  int components() const { return info_.num_components; }

  /// The first component's quantisation table, or null.
  const JQUANT_TBL* luminance_table() const {
    const int number = info_.comp_info == nullptr ? -1 : info_.comp_info[0].quant_tbl_no;
    return number >= 0 && number < NUM_QUANT_TBLS ? info_.quant_tbl_ptrs[number] : nullptr;
  }

  [[noreturn]] void fail() const {
    throw Error(ErrorKind::kInput, complaint_.truncated
                                       ? "is truncated"
                                       : message("is damaged: ", complaint_.text.data()));
  }

 private:
  std::string_view bytes_;
  Complaint complaint_{};
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct info_{};
};

/// ITU-T T.81, table K.1, in rows.
constexpr std::array<int, 64> kLuminance{
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,  //
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,  //
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,  //
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};

/// The quality whose table, as the Independent JPEG Group's formula makes it, is nearest.
int nearest_quality(const JQUANT_TBL& table) {
  int best = 0;
  int64_t best_distance = INT64_MAX;
  for (int quality = 1; quality <= 100; ++quality) {
    const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    int64_t distance = 0;
    for (size_t i = 0; i < kLuminance.size(); ++i) {
      const int step = std::clamp((kLuminance[i] * scale + 50) / 100, 1, 255);
      distance += std::abs(step - static_cast<int>(table.quantval[i]));
    }
    if (distance < best_distance) {
      best_distance = distance;
      best = quality;
    }
  }
  return best;
}

/// Adobe's programs store CMYK inverted (255 is no ink), and so does every other writer seen.
cv::Mat rgb_of_inverted_cmyk(const cv::Mat& cmyk) {
  cv::Mat rgb(cmyk.size(), CV_8UC3);
  for (int y = 0; y < cmyk.rows; ++y) {
    const uint8_t* in = cmyk.ptr<uint8_t>(y);
    uint8_t* out = rgb.ptr<uint8_t>(y);
    for (int x = 0; x < cmyk.cols; ++x, in += 4, out += 3) {
      for (int c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>((in[c] * in[3] + 127) / 255);
    }
  }
  return rgb;
}

class JpegEncoder {
 public:
  JpegEncoder() {
    prepare(complaint_);
    info_.err = &complaint_.manager;
  }
  ~JpegEncoder() {
    jpeg_destroy_compress(&info_);
    std::free(buffer_);
  }
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;

  bool write(const cv::Mat& pixels, int quality) {
    if (setjmp(complaint_.escape) != 0) return false;
    jpeg_create_compress(&info_);
    jpeg_mem_dest(&info_, &buffer_, &size_);
    info_.image_width = static_cast<JDIMENSION>(pixels.cols);
    info_.image_height = static_cast<JDIMENSION>(pixels.rows);
    info_.input_components = pixels.channels();
    info_.in_color_space = pixels.channels() == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, quality, TRUE);
    info_.optimize_coding = TRUE;
    if (quality >= 90) info_.comp_info[0].h_samp_factor = info_.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&info_, TRUE);
    while (info_.next_scanline < info_.image_height) {
      const uint8_t* row = pixels.ptr<uint8_t>(static_cast<int>(info_.next_scanline));
      JSAMPROW writable = const_cast<JSAMPROW>(row);  // libjpeg's interface lacks the const
      jpeg_write_scanlines(&info_, &writable, 1);
    }
    jpeg_finish_compress(&info_);
    return true;
  }

  std::string_view bytes() const { return {reinterpret_cast<const char*>(buffer_), size_}; }
  const char* complaint() const { return complaint_.text.data(); }

 private:
  Complaint complaint_{};
  unsigned char* buffer_ = nullptr;
  unsigned long size_ = 0;
  jpeg_compress_struct info_{};
};

}  // namespace

cv::Mat decode_jpeg(std::string_view bytes, const ImageHeader& stored, int& quality) {
  if (stored.bits != 8) {
    throw Error(ErrorKind::kInput,
                message("is a JPEG with ", stored.bits, " bits per channel; only 8 can be read"));
  }
  JpegDecoder decoder(bytes);
  if (!decoder.begin()) decoder.fail();
  if (decoder.width() != stored.width || decoder.height() != stored.height) {
    throw Error(ErrorKind::kInput, "is damaged: its JPEG headers disagree on the size");
  }
  const JQUANT_TBL* table = decoder.luminance_table();
  quality = table == nullptr ? 0 : nearest_quality(*table);
  cv::Mat pixels(decoder.height(), decoder.width(), CV_8UC(decoder.components()));
  if (!decoder.read(pixels.data, pixels.step)) decoder.fail();
  return pixels.channels() == 4 ? rgb_of_inverted_cmyk(pixels) : pixels;
}

std::string encode_jpeg(const cv::Mat& pixels, int quality) {
  if (pixels.cols > JPEG_MAX_DIMENSION || pixels.rows > JPEG_MAX_DIMENSION) {
    throw Error(ErrorKind::kOutput,
                message("image of ", pixels.cols, "x", pixels.rows, " pixels: a side of a JPEG is ",
                        "at most ", JPEG_MAX_DIMENSION, "; choose PNG or TIFF"));
  }
  JpegEncoder encoder;
  if (!encoder.write(pixels, quality)) {
    throw Error(ErrorKind::kOutput, message("cannot be encoded as JPEG: ", encoder.complaint()));
  }
  return std::string(encoder.bytes());
}

}  // namespace solstice
