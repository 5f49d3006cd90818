#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace solstice::testing {

inline double max_abs_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.detach().to(at::kDouble) - b.detach().to(at::kDouble)).abs().max().item().toDouble();
}

inline double rms_difference(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor difference = a.detach().to(at::kDouble) - b.detach().to(at::kDouble);
  return std::sqrt((difference * difference).mean().item().toDouble());
}

/// What float32 allows an inference to differ by (the fixtures' own README).
inline void expect_same_image(const at::Tensor& image, const at::Tensor& expected,
                              const std::string& what) {
  ASSERT_EQ(image.sizes(), expected.sizes()) << what;
  EXPECT_LE(max_abs_difference(image, expected), 1e-4) << what;
  EXPECT_LE(rms_difference(image, expected), 1e-5) << what;
}

inline bool bitwise_equal(const at::Tensor& a, const at::Tensor& b) {
  return a.dtype() == b.dtype() && a.equal(b);
}

}  // namespace solstice::testing
