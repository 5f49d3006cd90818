// Colourisation (task kColorizeTask): the network sees a small view of an image's lightness and
// says its colours, which the image's own lightness then gets at full size.
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/message.h"
#include "image/lab.h"
#include "image/lab_tensors.h"
#include "image/resize.h"
#include "inference/image_channels.h"
#include "inference/translator_state.h"

namespace solstice {
namespace {

/// For bare weights: what the reference trains on unless told otherwise.
constexpr int64_t kUsualViewSide = 256;
constexpr int64_t kRowsOfThread = 32;

/// The shorter side of the pictures that a model was trained on.
int64_t view_side(const nlohmann::ordered_json& preprocess) {
  const std::string mode = preprocess.value("mode", std::string());
  const bool resized = mode != "crop" && mode != "none";
  return std::max<int64_t>(preprocess.value(resized ? "load_size" : "crop_size", kUsualViewSide),
                           1);
}

/// As resizing for training makes it; one that is small enough stays as it is.
cv::Mat view_of(const cv::Mat& pixels, cv::Size size) {
  if (size == pixels.size()) return pixels;
  cv::Mat levels = pixels;
  if (pixels.depth() == CV_16U) pixels.convertTo(levels, CV_8U, 1 / 257.0);
  return resize_bicubic(levels, size.width, size.height);
}

}  // namespace

bool Translator::State::colorizes() const { return model.metadata.task == kColorizeTask; }

void Translator::State::require_colour_channels() const {
  const GeneratorOptions& generator = model.metadata.generator;
  if (!colorizes() || (generator.input_nc == 1 && generator.output_nc == 2)) return;
  throw Error(ErrorKind::kWeights, message(model.path, ": a model for task ", kColorizeTask,
                                           " takes 1 channel and gives 2, this one takes ",
                                           generator.input_nc, " and gives ", generator.output_nc));
}

cv::Size Translator::State::view_size(cv::Size image) const {
  const auto shorter = static_cast<double>(std::min(image.width, image.height));
  const double scale =
      std::min(1.0, static_cast<double>(view_side(model.metadata.preprocess)) / shorter);
  return {static_cast<int>(std::lround(image.width * scale)),
          static_cast<int>(std::lround(image.height * scale))};
}

cv::Mat Translator::State::coloured(const cv::Mat& source) const {
  const cv::Mat pixels = network_colours(source, source.channels() == 1 ? 1 : 3);
  const cv::Mat view = view_of(pixels, view_size(pixels.size()));
  cv::Mat lightness;
  lightness_of(view).convertTo(lightness, CV_16U, 655.35);
  const at::Tensor colours = options.tta ? mean_of_turns(lightness) : result_of(padded(lightness));
  const cv::Mat ab = to_ab(colours)(cv::Rect(cv::Point(), view.size()));
  cv::Mat result(pixels.size(), CV_MAKETYPE(pixels.depth(), 3));
  at::parallel_for(0, result.rows, kRowsOfThread, [&](int64_t begin, int64_t end) {
    write_coloured(pixels, ab, {static_cast<int>(begin), static_cast<int>(end)}, result);
  });
  return result;
}

}  // namespace solstice
