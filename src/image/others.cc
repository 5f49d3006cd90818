#include <climits>
#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/message.h"
#include "image/formats.h"
#include "image/tiff_header.h"

// WebP, TIFF and BMP: the pixels through OpenCV, everything OpenCV decides silently (orientation,
// premultiplied alpha, missing rows) from our own reading of the header.

namespace solstice {
namespace {

/// OpenCV and the libraries below it print their warnings; ours are the errors we throw.
void silence_opencv() {
  static std::once_flag once;
  std::call_once(once,
                 [] { cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); });
}

[[noreturn]] void fail_to_decode(const char* format) {
  throw Error(ErrorKind::kInput, message("is a damaged or truncated ", format, " image"));
}

cv::Mat decode_by_opencv(std::string_view bytes, int flags, const char* format) {
  silence_opencv();
  if (bytes.size() > INT_MAX) {
    throw Error(ErrorKind::kInput, message("is a ", format, " of more than 2 GiB"));
  }
  const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
  cv::Mat pixels;
  try {
    pixels = cv::imdecode(encoded, flags);
  } catch (const cv::Exception&) {
    fail_to_decode(format);
  }
  if (pixels.empty()) fail_to_decode(format);
  return pixels;
}

/// OpenCV's BGR or BGRA to the channels the header announces.
cv::Mat in_rgb_order(const cv::Mat& pixels, int channels, const char* format) {
  if (pixels.channels() == 1 && channels == 1) return pixels;
  cv::Mat rgb;
  if (pixels.channels() == 3 && channels == 3) {
    cv::cvtColor(pixels, rgb, cv::COLOR_BGR2RGB);
  } else if (pixels.channels() == 4 && channels == 4) {
    cv::cvtColor(pixels, rgb, cv::COLOR_BGRA2RGBA);
  } else if (pixels.channels() == 4 && channels == 3) {
    cv::cvtColor(pixels, rgb, cv::COLOR_BGRA2RGB);
  } else if (pixels.channels() == 3 && channels == 4) {
    cv::cvtColor(pixels, rgb, cv::COLOR_BGR2RGBA);
  } else {
    fail_to_decode(format);
  }
  return rgb;
}

/// Makes a directory entry a single SHORT of the given value.
void patch_entry(std::string& tiff, const TiffLayout& layout, size_t entry, uint8_t value) {
  const bool big = layout.endian == Endian::kBig;
  const std::string big_words{0, 3, 0, 0, 0, 1, 0, static_cast<char>(value), 0, 0};
  const std::string little_words{3, 0, 1, 0, 0, 0, static_cast<char>(value), 0, 0, 0};
  tiff.replace(entry + 2, 10, big ? big_words : little_words);
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

std::string encode_by_opencv(const cv::Mat& pixels, const char* extension,
                             const std::vector<int>& parameters) {
  silence_opencv();
  cv::Mat bgr;
  std::vector<uchar> bytes;
  bool done = false;
  std::string reason = "the encoder failed";
  try {
    if (pixels.channels() == 1) bgr = pixels;
    if (pixels.channels() == 3) cv::cvtColor(pixels, bgr, cv::COLOR_RGB2BGR);
    if (pixels.channels() == 4) cv::cvtColor(pixels, bgr, cv::COLOR_RGBA2BGRA);
    done = cv::imencode(extension, bgr, bytes, parameters);
  } catch (const cv::Exception& exception) {
    reason = exception.err;
  }
  if (!done) {
    throw Error(ErrorKind::kOutput,
                message("image of ", pixels.cols, "x", pixels.rows, " pixels cannot be encoded as ",
                        extension, ": ", reason));
  }
  return {bytes.begin(), bytes.end()};
}

}  // namespace

cv::Mat decode_webp(std::string_view bytes, const ImageHeader& stored) {
  const ByteView view(bytes, Endian::kLittle);
  if (!view.has(8, view.u32(4))) throw Error(ErrorKind::kInput, "is truncated");
  return in_rgb_order(decode_by_opencv(bytes, cv::IMREAD_UNCHANGED, "WebP"), stored.channels,
                      "WebP");
}

cv::Mat decode_tiff(std::string_view bytes, const ImageHeader& stored) {
  const TiffLayout layout = tiff_layout(bytes);
  if (!layout.whole) throw Error(ErrorKind::kInput, "is truncated");
  // libtiff turns 8-bit pictures half-way (flips them within a strip, never exchanges sides) and
  // multiplies straight alpha into the colours. Told that there is nothing to do, it does nothing.
  std::string patched;
  if (stored.orientation != 1 || layout.extra_samples_entry != 0) {
    patched = bytes;
    if (layout.orientation_entry != 0) patch_entry(patched, layout, layout.orientation_entry, 1);
    if (layout.extra_samples_entry != 0) {
      patch_entry(patched, layout, layout.extra_samples_entry, 0);
    }
    bytes = patched;
  }
  cv::Mat pixels =
      in_rgb_order(decode_by_opencv(bytes, cv::IMREAD_UNCHANGED, "TIFF"), stored.channels, "TIFF");
  if (layout.zero_is_white && pixels.depth() == CV_16U) cv::bitwise_not(pixels, pixels);
  if (layout.alpha == TiffAlpha::kPremultiplied) {
    pixels.depth() == CV_16U ? divide_by_alpha<uint16_t>(pixels) : divide_by_alpha<uint8_t>(pixels);
  }
  return pixels;
}

cv::Mat decode_bmp(std::string_view bytes, const ImageHeader& stored) {
  if (!bmp_is_whole(bytes, stored)) throw Error(ErrorKind::kInput, "is truncated");
  const int flags = stored.channels == 1   ? cv::IMREAD_GRAYSCALE
                    : stored.channels == 3 ? cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION
                                           : cv::IMREAD_UNCHANGED;
  return in_rgb_order(decode_by_opencv(bytes, flags, "BMP"), stored.channels, "BMP");
}

std::string encode_webp(const cv::Mat& pixels, int quality) {
  constexpr int kLongestSide = 16383;
  if (pixels.cols > kLongestSide || pixels.rows > kLongestSide) {
    throw Error(ErrorKind::kOutput,
                message("image of ", pixels.cols, "x", pixels.rows, " pixels: a side of a WebP is ",
                        "at most ", kLongestSide, "; choose PNG or TIFF"));
  }
  return encode_by_opencv(pixels, ".webp", {cv::IMWRITE_WEBP_QUALITY, quality});
}

std::string encode_tiff(const cv::Mat& pixels) { return encode_by_opencv(pixels, ".tiff", {}); }

std::string encode_bmp(const cv::Mat& pixels) { return encode_by_opencv(pixels, ".bmp", {}); }

}  // namespace solstice
