#include "data/image_source.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "data/grey_inputs.h"
#include "data/preprocess.h"
#include "image/codec.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

/// Below this every level of an image is the same, give or take rounding.
constexpr double kFlatDeviation = 0.5;

/// The largest standard deviation among the channels, in levels of 255.
double deviation_of(const cv::Mat& pixels) {
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(pixels, mean, deviation);
  const double largest = *std::max_element(deviation.val, deviation.val + pixels.channels());
  return pixels.depth() == CV_16U ? largest / 257 : largest;
}

void require_not_flat(const cv::Mat& pixels, const fs::path& file) {
  const double deviation = deviation_of(pixels);
  if (deviation >= kFlatDeviation) return;
  char text[16];
  std::snprintf(text, sizeof text, "%.2f", deviation);
  throw Error(ErrorKind::kInput,
              message(file.string(), ": is a single colour (deviation ", text,
                      " of 255), which normalisation turns into noise; --keep-flat-images trains ",
                      "on it"));
}

std::string key_of(const fs::path& file, char part) { return file.native() + '\0' + part; }

}  // namespace

ImageSource::ImageSource(const DataOptions& options, std::shared_ptr<ImageCache> cache)
    : options_(options), cache_(std::move(cache)) {
  if (!cache_) cache_ = std::make_shared<ImageCache>(0);
}

LoadedImage ImageSource::prepare(const cv::Mat& pixels, const fs::path& file) const {
  LoadedImage image{resize_for(options_, pixels), pixels.size()};
  if (!options_.keep_flat_images) require_not_flat(image.pixels, file);
  if (options_.inputs == Inputs::kGrey) require_colour(image.pixels, file);
  return image;
}

LoadedImage ImageSource::whole(const fs::path& file) const {
  const std::string key = key_of(file, 'W');
  if (std::optional<LoadedImage> known = cache_->find(key)) return *known;
  const LoadedImage image = prepare(load_image(file.string()).pixels, file);
  cache_->add(key, image);
  return image;
}

LoadedHalves ImageSource::halves(const fs::path& file) const {
  const std::string left_key = key_of(file, 'L');
  const std::string right_key = key_of(file, 'R');
  const std::optional<LoadedImage> left = cache_->find(left_key);
  const std::optional<LoadedImage> right = cache_->find(right_key);
  if (left && right) return {*left, *right};
  const cv::Mat both = load_image(file.string()).pixels;
  const int half = both.cols / 2;
  if (half == 0 || both.cols % 2 != 0) {
    throw Error(ErrorKind::kInput, message(file.string(), ": is ", size_text(both.size()),
                                           " now, which cannot be halved"));
  }
  const LoadedHalves halves{prepare(both.colRange(0, half), file),
                            prepare(both.colRange(half, both.cols), file)};
  cache_->add(left_key, halves.left);
  cache_->add(right_key, halves.right);
  return halves;
}

}  // namespace solstice
