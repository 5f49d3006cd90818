#include "inference/image_channels.h"
#include "image/imresize.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace solstice {

cv::Mat network_colours(const cv::Mat& pixels, int64_t channels) {
  cv::Mat colours;
  if (channels == 1) {
    if (pixels.channels() == 1) return pixels;
    cv::cvtColor(pixels, colours,
                 pixels.channels() == 4 ? cv::COLOR_RGBA2GRAY : cv::COLOR_RGB2GRAY);
    return colours;
  }
  if (pixels.channels() == 3) return pixels;
  cv::cvtColor(pixels, colours, pixels.channels() == 4 ? cv::COLOR_RGBA2RGB : cv::COLOR_GRAY2RGB);
  return colours;
}

cv::Mat result_colours(const cv::Mat& source, const cv::Mat& result, int64_t network_input) {
  if (source.channels() != 1 || result.channels() != 3 || network_input != 3) return result;
  cv::Mat grey;
  cv::cvtColor(result, grey, cv::COLOR_RGB2GRAY);
  return grey;
}

cv::Mat with_alpha(const cv::Mat& colours, const cv::Mat& alpha) {
  cv::Mat rgb = colours, fitting = alpha;
  if (colours.channels() == 1) cv::cvtColor(colours, rgb, cv::COLOR_GRAY2RGB);
  if (alpha.size() != rgb.size()) fitting = imresize(alpha, rgb.size());
  const int from_to[] = {0, 0, 1, 1, 2, 2, 3, 3};
  cv::Mat whole(rgb.size(), CV_MAKETYPE(rgb.depth(), 4));
  const cv::Mat parts[] = {rgb, fitting};
  cv::mixChannels(parts, 2, &whole, 1, from_to, 4);
  return whole;
}

cv::Mat turned(const cv::Mat& pixels, int way) {
  cv::Mat flipped = pixels, result;
  if ((way & 3) != 0) {
    cv::Mat other;
    cv::flip(pixels, other, (way & 3) == 3 ? -1 : way & 1);  // 1: left and right, 0: up and down
    flipped = other;
  }
  if ((way & 4) == 0) return flipped;
  cv::transpose(flipped, result);
  return result;
}

}  // namespace solstice
