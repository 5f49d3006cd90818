#include <cstdlib>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/message.h"
#include "image/formats.h"
#include "image/jpeg_complaint.h"

namespace solstice {
namespace {

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

  bool write(const cv::Mat& pixels, int quality, ChromaSampling chroma,
             const MetadataBlocks& metadata) {
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
    info_.comp_info[0].h_samp_factor = chroma == ChromaSampling::k444 ? 1 : 2;
    info_.comp_info[0].v_samp_factor = chroma == ChromaSampling::k420 ? 2 : 1;
    if (pixels.channels() == 1) {
      info_.comp_info[0].h_samp_factor = info_.comp_info[0].v_samp_factor = 1;
    }
    jpeg_start_compress(&info_, TRUE);
    write_block(kExifMark, metadata.exif);
    write_block(kJpegXmpMark, metadata.xmp);
    if (!metadata.icc.empty()) {
      jpeg_write_icc_profile(&info_, reinterpret_cast<const JOCTET*>(metadata.icc.data()),
                             static_cast<unsigned>(metadata.icc.size()));
    }
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
  void write_block(std::string_view mark, const std::string& block) {
    if (block.empty()) return;
    jpeg_write_m_header(&info_, JPEG_APP0 + 1, static_cast<unsigned>(mark.size() + block.size()));
    for (const char c : mark) jpeg_write_m_byte(&info_, static_cast<unsigned char>(c));
    for (const char c : block) jpeg_write_m_byte(&info_, static_cast<unsigned char>(c));
  }

  JpegComplaint complaint_{};
  unsigned char* buffer_ = nullptr;
  unsigned long size_ = 0;
  jpeg_compress_struct info_{};
};

}  // namespace

std::string encode_jpeg(const cv::Mat& pixels, int quality, ChromaSampling chroma,
                        const MetadataBlocks& metadata) {
  if (pixels.cols > JPEG_MAX_DIMENSION || pixels.rows > JPEG_MAX_DIMENSION) {
    throw Error(ErrorKind::kOutput,
                message("image of ", pixels.cols, "x", pixels.rows, " pixels: a side of a JPEG is ",
                        "at most ", JPEG_MAX_DIMENSION, "; choose PNG or TIFF"));
  }
  JpegEncoder encoder;
  if (!encoder.write(pixels, quality, chroma, metadata)) {
    throw Error(ErrorKind::kOutput, message("cannot be encoded as JPEG: ", encoder.complaint()));
  }
  return std::string(encoder.bytes());
}

}  // namespace solstice
