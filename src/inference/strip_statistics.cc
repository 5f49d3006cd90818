#include "inference/strip_statistics.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/var_mean.h>

#include <tuple>

#include "models/networks/fused_norm.h"
#include "models/networks/plane_norm.h"

namespace solstice {

void StripStatistics::add(const at::Tensor& strip) {
  const auto count = static_cast<double>(strip.size(2) * strip.size(3));
  at::Tensor mean, variance;
  if (fused_norm_fits(strip)) {
    const PlaneStatistics statistics = plane_statistics(strip, /*whole_batch=*/true);
    mean = statistics.mean.to(at::kDouble);
    variance = statistics.var.to(at::kDouble);
  } else {
    std::tie(variance, mean) = at::var_mean(strip.to(at::kFloat), at::IntArrayRef{0, 2, 3},
                                            /*unbiased=*/false, /*keepdim=*/false);
    mean = mean.unsqueeze(0).to(at::kCPU, at::kDouble);
    variance = variance.unsqueeze(0).to(at::kCPU, at::kDouble);
  }
  if (count_ == 0) {
    count_ = count;
    mean_ = mean;
    squares_ = variance * count;
    return;
  }
  const at::Tensor distance = mean - mean_;
  const double whole = count_ + count;
  squares_ = squares_ + variance * count + distance * distance * (count_ * count / whole);
  mean_ = mean_ + distance * (count / whole);
  count_ = whole;
}

at::Tensor StripStatistics::mean() const { return mean_.to(at::kFloat); }
at::Tensor StripStatistics::variance() const { return (squares_ / count_).to(at::kFloat); }

}  // namespace solstice
