#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/message.h"
#include "image/formats.h"
#include "image/jpeg_complaint.h"
// It needs jpeglib.h before it.
#include <jerror.h>

namespace solstice {
namespace {

/// A progressive file may ask for any number of passes over the picture; real ones have about ten.
constexpr int kMaxScans = 500;

void on_progress(j_common_ptr info) {
  const auto* decoder = reinterpret_cast<jpeg_decompress_struct*>(info);
  if (decoder->input_scan_number <= kMaxScans) return;
  auto* complaint = reinterpret_cast<JpegComplaint*>(info->err);
  std::snprintf(complaint->text.data(), complaint->text.size(), "more than %d scans", kMaxScans);
  std::longjmp(complaint->escape, 1);
}

class JpegDecoder {
 public:
  JpegDecoder(std::string_view bytes, Truncated truncated) : bytes_(bytes) {
    prepare(complaint_);
    complaint_.when_truncated = truncated;
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
    for (const int app : {1, 2}) jpeg_save_markers(&info_, JPEG_APP0 + app, 0xffff);
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

  bool was_truncated() const { return complaint_.truncated; }

  ChromaSampling chroma() const {
    if (info_.num_components != 3) return ChromaSampling::kAuto;
    const jpeg_component_info* parts = info_.comp_info;
    const auto has = [](const jpeg_component_info& part, int horizontal, int vertical) {
      return part.h_samp_factor == horizontal && part.v_samp_factor == vertical;
    };
    if (!has(parts[1], 1, 1) || !has(parts[2], 1, 1)) return ChromaSampling::kAuto;
    if (has(parts[0], 1, 1)) return ChromaSampling::k444;
    if (has(parts[0], 2, 1)) return ChromaSampling::k422;
    return has(parts[0], 2, 2) ? ChromaSampling::k420 : ChromaSampling::kAuto;
  }

  /// Hands the segments of metadata over.
  void read_metadata(ImageMetadata& metadata) {
    bool extended = false;
    for (jpeg_saved_marker_ptr marker = info_.marker_list; marker != nullptr;
         marker = marker->next) {
      std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
      if (marker->marker != JPEG_APP0 + 1) continue;
      if (data.starts_with(kExifMark)) take_exif(data, metadata);
      if (data.starts_with(kJpegXmpMark)) {
        take_xmp(data.substr(kJpegXmpMark.size()), metadata);
      }
      extended = extended || data.starts_with("http://ns.adobe.com/xmp/extension/");
    }
    if (extended) metadata.warnings.emplace_back("its extended XMP is left out");
    read_icc(metadata);
  }

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
  void read_icc(ImageMetadata& metadata) {
    JOCTET* data = nullptr;
    unsigned size = 0;
    if (setjmp(complaint_.escape) != 0) return;
    if (jpeg_read_icc_profile(&info_, &data, &size) == FALSE) {
      if (info_.err->msg_code == JWRN_BOGUS_ICC) leave_out("colour profile", metadata);
      return;
    }
    const std::unique_ptr<JOCTET, decltype(&std::free)> owner(data, std::free);
    take_icc({reinterpret_cast<const char*>(data), size}, metadata);
  }

  std::string_view bytes_;
  JpegComplaint complaint_{};
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

}  // namespace

cv::Mat decode_jpeg(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                    ImageMetadata& metadata) {
  if (stored.bits != 8) {
    throw Error(ErrorKind::kInput,
                message("is a JPEG with ", stored.bits, " bits per channel; only 8 can be read"));
  }
  JpegDecoder decoder(bytes, truncated);
  if (!decoder.begin()) decoder.fail();
  if (decoder.width() != stored.width || decoder.height() != stored.height) {
    throw Error(ErrorKind::kInput, "is damaged: its JPEG headers disagree on the size");
  }
  const JQUANT_TBL* table = decoder.luminance_table();
  metadata.jpeg_quality = table == nullptr ? 0 : nearest_quality(*table);
  metadata.chroma = decoder.chroma();
  decoder.read_metadata(metadata);
  cv::Mat pixels(decoder.height(), decoder.width(), CV_8UC(decoder.components()));
  if (!decoder.read(pixels.data, pixels.step)) decoder.fail();
  if (decoder.was_truncated()) take_truncated(truncated, metadata);
  return pixels.channels() == 4 ? rgb_of_inverted_cmyk(pixels) : pixels;
}

}  // namespace solstice
