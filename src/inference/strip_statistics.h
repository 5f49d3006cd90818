#pragma once

#include <ATen/core/Tensor.h>

namespace solstice {

/// Mean and variance of a plane that comes in strips (Chan et al. 1983), in float64.
class StripStatistics {
 public:
  void add(const at::Tensor& strip);
  at::Tensor mean() const;      ///< (1, C) float32
  at::Tensor variance() const;  ///< (1, C) float32, biased

 private:
  double count_ = 0;
  at::Tensor mean_, squares_;
};

}  // namespace solstice
