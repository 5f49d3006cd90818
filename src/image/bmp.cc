#include <climits>
#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/message.h"
#include "image/formats.h"

// BMP: the pixels through OpenCV, what OpenCV decides silently (missing rows, channels) from our
// own reading of the header.

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

std::string encode_by_opencv(const cv::Mat& pixels, const char* extension) {
  silence_opencv();
  cv::Mat bgr;
  std::vector<uchar> bytes;
  bool done = false;
  std::string reason = "the encoder failed";
  try {
    if (pixels.channels() == 1) bgr = pixels;
    if (pixels.channels() == 3) cv::cvtColor(pixels, bgr, cv::COLOR_RGB2BGR);
    if (pixels.channels() == 4) cv::cvtColor(pixels, bgr, cv::COLOR_RGBA2BGRA);
    done = cv::imencode(extension, bgr, bytes);
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

cv::Mat decode_bmp(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                   ImageMetadata& metadata) {
  std::string filled;
  if (!bmp_is_whole(bytes, stored)) {
    take_truncated(truncated, metadata);
    filled = bytes;  // OpenCV gives no rows at all of a file that lacks some
    filled.resize(bytes.size() + static_cast<size_t>(stored.pixels()) * 4 + 4 * stored.height);
    bytes = filled;
  }
  const int flags = stored.channels == 1   ? cv::IMREAD_GRAYSCALE
                    : stored.channels == 3 ? cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION
                                           : cv::IMREAD_UNCHANGED;
  return in_rgb_order(decode_by_opencv(bytes, flags, "BMP"), stored.channels, "BMP");
}

std::string encode_bmp(const cv::Mat& pixels) { return encode_by_opencv(pixels, ".bmp"); }

}  // namespace solstice
