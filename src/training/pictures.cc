#include "training/pictures.h"

#include "image/lab_tensors.h"
#include "image/tensor_bridge.h"

namespace solstice {

cv::Mat picture_of(const at::Tensor& image, const at::Tensor& input, Inputs inputs) {
  if (inputs != Inputs::kGrey) return to_pixels(image, CV_8U);
  if (image.size(0) == 1) return to_pixels(LabTensors{image, {}});
  return to_pixels(LabTensors{input, image});
}

}  // namespace solstice
