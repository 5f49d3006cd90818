#pragma once

#include <opencv2/core/utility.hpp>

namespace solstice {

/// While it lives, OpenCV splits no image: many are worked on at a time.
class OneThreadPerImage {
 public:
  OneThreadPerImage() : before_(cv::getNumThreads()) { cv::setNumThreads(1); }
  ~OneThreadPerImage() { cv::setNumThreads(before_); }
  OneThreadPerImage(const OneThreadPerImage&) = delete;
  OneThreadPerImage& operator=(const OneThreadPerImage&) = delete;

 private:
  int before_;
};

}  // namespace solstice
