#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core/mat.hpp>

namespace solstice {

/// An image as colourisation sees it, scaled as the reference's data set mode `colorization` does.
struct LabTensors {
  at::Tensor lightness;  ///< (1, H, W) float32, L / 50 - 1: [-1, 1]
  at::Tensor ab;         ///< (2, H, W) float32, a / 110 and b / 110: [-1, 1]
};

/// Of pixels with 1 or 3 channels, 8 or 16 bit.
LabTensors to_lab_tensors(const cv::Mat& pixels);

/// a and b as CV_32FC2 from (1, 2, H, W) or (2, H, W), any strides, any float type. NaN becomes 0.
cv::Mat to_ab(const at::Tensor& ab);

/// The 8-bit RGB picture of (1, H, W) lightness and (2, H, W) colours; undefined colours: grey.
cv::Mat to_pixels(const LabTensors& image);

}  // namespace solstice
