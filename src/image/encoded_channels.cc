#include "image/encoded_channels.h"

#include <opencv2/core.hpp>

#include "image/codec.h"

namespace solstice {

cv::Mat in_8_bit(const cv::Mat& pixels) {
  if (pixels.depth() == CV_8U) return pixels;
  cv::Mat result(pixels.size(), CV_8UC(pixels.channels()));
  const int row = pixels.cols * pixels.channels();
  for (int y = 0; y < pixels.rows; ++y) {
    const uint16_t* in = pixels.ptr<uint16_t>(y);
    uint8_t* out = result.ptr<uint8_t>(y);
    for (int i = 0; i < row; ++i) out[i] = static_cast<uint8_t>((in[i] + 128U) / 257U);
  }
  return result;
}

cv::Mat composed_on_white(const cv::Mat& pixels) {
  if (pixels.channels() != 4) return pixels;
  cv::Mat result(pixels.size(), CV_8UC3);
  for (int y = 0; y < pixels.rows; ++y) {
    const uint8_t* in = pixels.ptr<uint8_t>(y);
    uint8_t* out = result.ptr<uint8_t>(y);
    for (int x = 0; x < pixels.cols; ++x, in += 4, out += 3) {
      for (int c = 0; c < 3; ++c) {
        out[c] = static_cast<uint8_t>((in[c] * in[3] + 255 * (255 - in[3]) + 127) / 255);
      }
    }
  }
  return result;
}

bool stays_grey_with_alpha(const Image& image) {
  if (!image.metadata.grey_with_alpha || image.pixels.channels() != 4) return false;
  cv::Mat red, other;
  cv::extractChannel(image.pixels, red, 0);
  for (const int channel : {1, 2}) {
    cv::extractChannel(image.pixels, other, channel);
    if (cv::norm(red, other, cv::NORM_INF) != 0) return false;
  }
  return true;
}

cv::Mat in_grey(const cv::Mat& rgba, ImageFormat format) {
  cv::Mat grey;
  if (format == ImageFormat::kPng || format == ImageFormat::kTiff) {
    constexpr int kGreyAndAlpha[] = {0, 0, 3, 1};
    grey.create(rgba.size(), CV_MAKETYPE(rgba.depth(), 2));
    cv::mixChannels(&rgba, 1, &grey, 1, kGreyAndAlpha, 2);
  } else {
    cv::extractChannel(composed_on_white(in_8_bit(rgba)), grey, 0);
  }
  return grey;
}

}  // namespace solstice
