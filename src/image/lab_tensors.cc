#include "image/lab_tensors.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "image/lab.h"

namespace solstice {
namespace {

constexpr float kMostColour = 110;

/// The one plane of a (1, H, W) tensor as CV_32FC1, L undone.
cv::Mat to_lightness(const at::Tensor& lightness) {
  const at::Tensor floats = lightness.detach().to(at::kCPU, at::kFloat).contiguous();
  cv::Mat result(static_cast<int>(floats.size(-2)), static_cast<int>(floats.size(-1)), CV_32FC1);
  const float* from = floats.const_data_ptr<float>();
  std::transform(from, from + floats.numel(), result.ptr<float>(),
                 [](float value) { return 50 * (value + 1); });
  return result;
}

}  // namespace

LabTensors to_lab_tensors(const cv::Mat& pixels) {
  const cv::Mat lab = lab_of(pixels);
  LabTensors tensors{at::empty({1, lab.rows, lab.cols}, at::kFloat),
                     at::empty({2, lab.rows, lab.cols}, at::kFloat)};
  auto* lightness = tensors.lightness.mutable_data_ptr<float>();
  auto* a = tensors.ab.mutable_data_ptr<float>();
  float* b = a + lab.total();
  for (const cv::Vec3f& pixel : cv::Mat_<cv::Vec3f>(lab)) {
    *lightness++ = pixel[0] / 50 - 1;
    *a++ = pixel[1] / kMostColour;
    *b++ = pixel[2] / kMostColour;
  }
  return tensors;
}

cv::Mat to_ab(const at::Tensor& ab) {
  const at::Tensor floats = ab.detach().to(at::kCPU, at::kFloat).contiguous();
  cv::Mat result(static_cast<int>(floats.size(-2)), static_cast<int>(floats.size(-1)), CV_32FC2);
  const float* a = floats.const_data_ptr<float>();
  const float* b = a + result.total();
  const auto colour = [](float value) { return std::isnan(value) ? 0 : kMostColour * value; };
  for (cv::Vec2f& pixel : cv::Mat_<cv::Vec2f>(result)) pixel = {colour(*a++), colour(*b++)};
  return result;
}

cv::Mat to_pixels(const LabTensors& image) {
  const cv::Mat lightness = to_lightness(image.lightness);
  const cv::Mat ab = image.ab.defined() ? to_ab(image.ab)
                                        : cv::Mat(lightness.size(), CV_32FC2, cv::Scalar::all(0));
  return rgb_of_lab(lightness, ab, CV_8U);
}

}  // namespace solstice
