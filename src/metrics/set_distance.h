#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>

namespace solstice {

// Distances of two sets of images by the features of some network: (N, D) CV_32F or CV_64F, a row
// an image. What they come to depends on that network, so a figure is worth nothing without its
// name. Computed in double. Each throws Error(kInput) for fewer than two rows in a set and for sets
// of different D.

struct KidOptions {
  int64_t subsets = 100;
  int64_t subset_size = 1000;
  uint64_t seed = 1;
};

struct KidEstimate {
  double mean = 0;
  double deviation = 0;  ///< over the subsets; 0 of a single one
  int64_t subsets = 1;
};

/// Kernel inception distance (Binkowski, Sutherland, Arbel, Gretton 2018): the unbiased estimate of
/// the squared maximum mean discrepancy under k(x, y) = (x . y / D + 1)^3. May be negative. Where
/// neither set is larger than `subset_size` the one estimate over both whole sets; else the mean of
/// `subsets` estimates over rows drawn without replacement, as many from each set: `subset_size`,
/// or all of the smaller set.
KidEstimate kid(const cv::Mat& a, const cv::Mat& b, const KidOptions& options = {});

/// Frechet distance of the normal distributions fitted to two sets (Heusel et al. 2017): squared
/// distance of the means + tr(A + B - 2 (A B)^(1/2)), covariances with Bessel's correction. FID is
/// this with the features of one certain Inception network. Never negative.
double frechet_distance(const cv::Mat& a, const cv::Mat& b);

}  // namespace solstice
