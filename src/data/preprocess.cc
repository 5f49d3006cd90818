#include "data/preprocess.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/message.h"
#include "image/resize.h"
#include "image/tensor_bridge.h"

namespace solstice {
namespace {

/// Half to even, as the reference's round() does.
int nearest_multiple_of_4(int side) {
  return std::max(4, 4 * static_cast<int>(std::nearbyint(side / 4.0)));
}

cv::Size resized_size(const DataOptions& options, cv::Size source) {
  const int load = static_cast<int>(options.load_size);
  switch (options.preprocess) {
    case Preprocess::kResizeAndCrop:
      return {load, load};
    case Preprocess::kFit: {
      const double scale = static_cast<double>(load) / std::min(source.width, source.height);
      return {std::max(load, static_cast<int>(std::lround(source.width * scale))),
              std::max(load, static_cast<int>(std::lround(source.height * scale)))};
    }
    case Preprocess::kScaleWidth:
    case Preprocess::kScaleWidthAndCrop: {
      const int64_t height = options.load_size * source.height / source.width;
      return {load, static_cast<int>(std::max(height, options.crop_size))};
    }
    case Preprocess::kCrop:
      return source;
    case Preprocess::kNone:
      return {nearest_multiple_of_4(source.width), nearest_multiple_of_4(source.height)};
  }
  return source;
}

cv::Mat without_alpha(const cv::Mat& pixels) {
  if (pixels.channels() != 4) return pixels;
  cv::Mat colour;
  cv::cvtColor(pixels, colour, cv::COLOR_RGBA2RGB);
  return colour;
}

cv::Mat resize_if_needed(const cv::Mat& pixels, cv::Size size) {
  if (pixels.size() == size) return pixels;
  cv::Mat eight_bit = pixels;
  if (pixels.depth() == CV_16U) pixels.convertTo(eight_bit, CV_8U, 1 / 257.0);
  return resize_bicubic(eight_bit, size.width, size.height);
}

}  // namespace

std::string size_text(cv::Size size) { return message(size.width, "x", size.height); }

cv::Size preprocessed_size(const DataOptions& options, cv::Size source) {
  const bool whole =
      options.preprocess == Preprocess::kNone || options.preprocess == Preprocess::kScaleWidth;
  if (whole) return resized_size(options, source);
  const int crop = static_cast<int>(options.crop_size);
  return {crop, crop};
}

Geometry draw_geometry(const DataOptions& options, cv::Size source, Rng& rng) {
  Geometry geometry;
  geometry.resized = resized_size(options, source);
  const cv::Size crop = preprocessed_size(options, source);
  const auto left = rng.below(geometry.resized.width - crop.width + 1);
  const auto top = rng.below(geometry.resized.height - crop.height + 1);
  geometry.crop = {cv::Point(static_cast<int>(left), static_cast<int>(top)), crop};
  geometry.flip = rng.chance(0.5) && options.flip;
  if (options.rotate) geometry.quarter_turns = static_cast<int>(rng.below(4));
  return geometry;
}

Geometry centre_geometry(const DataOptions& options, cv::Size source) {
  Geometry geometry;
  geometry.resized = resized_size(options, source);
  const cv::Size crop = preprocessed_size(options, source);
  const cv::Size margin = geometry.resized - crop;
  geometry.crop = {cv::Point(margin.width / 2, margin.height / 2), crop};
  return geometry;
}

cv::Mat resize_for(const DataOptions& options, const cv::Mat& pixels) {
  return resize_if_needed(without_alpha(pixels), resized_size(options, pixels.size()));
}

cv::Mat cut(const cv::Mat& pixels, const Geometry& geometry) {
  return resize_if_needed(without_alpha(pixels), geometry.resized)(geometry.crop);
}

cv::Mat turned_pixels(const cv::Mat& crop, const Geometry& geometry) {
  cv::Mat image = crop;
  if (geometry.flip) {
    cv::Mat mirrored;
    cv::flip(image, mirrored, 1);
    image = mirrored;
  }
  if (geometry.quarter_turns > 0) {
    constexpr std::array kTurns{cv::ROTATE_90_CLOCKWISE, cv::ROTATE_180,
                                cv::ROTATE_90_COUNTERCLOCKWISE};
    cv::Mat turned;
    cv::rotate(image, turned, kTurns.at(static_cast<size_t>(geometry.quarter_turns - 1)));
    image = turned;
  }
  return image;
}

at::Tensor oriented(const cv::Mat& crop, const Geometry& geometry) {
  cv::Mat image = turned_pixels(crop, geometry);
  if (image.channels() == 1) {
    cv::Mat colour;
    cv::cvtColor(image, colour, cv::COLOR_GRAY2RGB);
    image = colour;
  }
  return to_tensor(image).squeeze(0);
}

at::Tensor preprocess(const cv::Mat& pixels, const Geometry& geometry) {
  return oriented(cut(pixels, geometry), geometry);
}

}  // namespace solstice
