#include "data/grey_inputs.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "image/lab_tensors.h"

namespace solstice {
namespace {

/// Between the largest and the smallest channel, in levels of 255.
constexpr int kLeastSpread = 10;
constexpr size_t kLeastShare = 1000;

template <class Level>
bool has_colour(const cv::Mat& pixels) {
  const int least = sizeof(Level) == 1 ? kLeastSpread : kLeastSpread * 257;
  size_t coloured = 0;
  for (const cv::Vec<Level, 3>& pixel : cv::Mat_<cv::Vec<Level, 3>>(pixels)) {
    const auto [low, high] = std::minmax({pixel[0], pixel[1], pixel[2]});
    if (high - low > least) ++coloured;
  }
  return coloured * kLeastShare >= pixels.total();
}

}  // namespace

Sample make_grey_sample(const cv::Mat& pixels, std::string name) {
  LabTensors tensors = to_lab_tensors(pixels);
  return {std::move(tensors.lightness), std::move(tensors.ab), std::move(name)};
}

void require_colour(const cv::Mat& pixels, const std::filesystem::path& file) {
  const bool coloured =
      pixels.channels() == 3 &&
      (pixels.depth() == CV_8U ? has_colour<uint8_t>(pixels) : has_colour<uint16_t>(pixels));
  if (coloured) return;
  throw Error(ErrorKind::kInput,
              message(file.string(), ": is grey, and --inputs grey learns from colours"));
}

}  // namespace solstice
