#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/message.h"
#include "image/byte_view.h"
#include "image/formats.h"

namespace solstice {
namespace {

const uint8_t* as_bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}
std::string_view as_text(const WebPData& data) {
  return {reinterpret_cast<const char*>(data.bytes), data.size};
}

using Mux = std::unique_ptr<WebPMux, decltype(&WebPMuxDelete)>;

void read_metadata(std::string_view bytes, ImageMetadata& metadata) {
  const WebPData file{as_bytes(bytes), bytes.size()};
  const Mux mux(WebPMuxCreate(&file, 0), WebPMuxDelete);
  if (mux == nullptr) return;  // truncated: there is no more than the pixels
  WebPData chunk;
  if (WebPMuxGetChunk(mux.get(), "EXIF", &chunk) == WEBP_MUX_OK) {
    take_exif(as_text(chunk), metadata);
  }
  if (WebPMuxGetChunk(mux.get(), "XMP ", &chunk) == WEBP_MUX_OK) {
    take_xmp(as_text(chunk), metadata);
  }
  if (WebPMuxGetChunk(mux.get(), "ICCP", &chunk) == WEBP_MUX_OK) {
    take_icc(as_text(chunk), metadata);
  }
}

/// The picture of pixels in libwebp's own form.
class WebpPicture {
 public:
  WebpPicture() {
    if (WebPPictureInit(&picture_) == 0) throw Error(ErrorKind::kOutput, "libwebp does not fit");
    WebPMemoryWriterInit(&writer_);
    picture_.writer = WebPMemoryWrite;
    picture_.custom_ptr = &writer_;
  }
  ~WebpPicture() {
    WebPPictureFree(&picture_);
    WebPMemoryWriterClear(&writer_);
  }
  WebpPicture(const WebpPicture&) = delete;
  WebpPicture& operator=(const WebpPicture&) = delete;

  bool encode(const cv::Mat& pixels, const WebPConfig& config) {
    picture_.use_argb = config.lossless;
    picture_.width = pixels.cols;
    picture_.height = pixels.rows;
    const int stride = static_cast<int>(pixels.step);
    const int imported = pixels.channels() == 4
                             ? WebPPictureImportRGBA(&picture_, pixels.data, stride)
                             : WebPPictureImportRGB(&picture_, pixels.data, stride);
    return imported != 0 && WebPEncode(&config, &picture_) != 0;
  }

  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(writer_.mem), writer_.size};
  }
  int error() const { return picture_.error_code; }

 private:
  WebPPicture picture_;
  WebPMemoryWriter writer_;
};

std::string with_metadata(std::string_view encoded, const MetadataBlocks& metadata) {
  if (metadata.empty()) return std::string(encoded);
  const WebPData image{as_bytes(encoded), encoded.size()};
  const Mux mux(WebPMuxCreate(&image, 0), WebPMuxDelete);
  bool done = mux != nullptr;
  const auto put = [&](const char* name, const std::string& block) {
    const WebPData data{as_bytes(block), block.size()};
    done = done && (block.empty() || WebPMuxSetChunk(mux.get(), name, &data, 0) == WEBP_MUX_OK);
  };
  put("ICCP", metadata.icc);
  put("EXIF", metadata.exif);
  put("XMP ", metadata.xmp);
  WebPData assembled{};
  done = done && WebPMuxAssemble(mux.get(), &assembled) == WEBP_MUX_OK;
  const std::string result = done ? std::string(as_text(assembled)) : "";
  WebPDataClear(&assembled);
  if (!done) throw Error(ErrorKind::kOutput, "WebP cannot take the metadata");
  return result;
}

}  // namespace

cv::Mat decode_webp(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                    ImageMetadata& metadata) {
  const ByteView view(bytes, Endian::kLittle);
  const bool whole = view.has(8, view.u32(4));
  if (!whole) take_truncated(truncated, metadata);
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0 ||
      WebPGetFeatures(as_bytes(bytes), bytes.size(), &config.input) != VP8_STATUS_OK ||
      config.input.width != stored.width || config.input.height != stored.height) {
    throw Error(ErrorKind::kInput, "is a damaged WebP image");
  }
  if (config.input.format == 2) metadata.compression = Compression::kLossless;
  cv::Mat pixels = cv::Mat::zeros(stored.height, stored.width, CV_8UC(stored.channels));
  config.output.colorspace = stored.channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels.data;
  config.output.u.RGBA.stride = static_cast<int>(pixels.step);
  config.output.u.RGBA.size = pixels.step * static_cast<size_t>(pixels.rows);
  const std::unique_ptr<WebPIDecoder, decltype(&WebPIDelete)> decoder(
      WebPIDecode(nullptr, 0, &config), WebPIDelete);
  if (decoder == nullptr) throw std::bad_alloc();
  const VP8StatusCode status = WebPIUpdate(decoder.get(), as_bytes(bytes), bytes.size());
  const bool partial = status == VP8_STATUS_SUSPENDED && !whole;
  if (status != VP8_STATUS_OK && !partial) {
    throw Error(ErrorKind::kInput, "is a damaged or truncated WebP image");
  }
  read_metadata(bytes, metadata);
  return pixels;
}

std::string encode_webp(const cv::Mat& pixels, int quality, Compression compression,
                        const MetadataBlocks& metadata) {
  if (pixels.cols > WEBP_MAX_DIMENSION || pixels.rows > WEBP_MAX_DIMENSION) {
    throw Error(ErrorKind::kOutput,
                message("image of ", pixels.cols, "x", pixels.rows, " pixels: a side of a WebP is ",
                        "at most ", WEBP_MAX_DIMENSION, "; choose PNG or TIFF"));
  }
  cv::Mat colours = pixels;
  if (pixels.channels() == 1) cv::cvtColor(pixels, colours, cv::COLOR_GRAY2RGB);
  WebPConfig config;
  WebpPicture picture;
  const bool fits = WebPConfigInit(&config) != 0;
  config.quality = static_cast<float>(quality);
  if (compression == Compression::kLossless) {
    config.lossless = 1;
    config.exact = 1;     // colours under full transparency as well
    config.quality = 75;  // of lossless compression: the effort
  }
  if (!fits || !picture.encode(colours, config)) {
    throw Error(ErrorKind::kOutput,
                message("image of ", pixels.cols, "x", pixels.rows,
                        " pixels cannot be encoded as WebP: libwebp's error ", picture.error()));
  }
  return with_metadata(picture.bytes(), metadata);
}

}  // namespace solstice
