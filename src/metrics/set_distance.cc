#include "metrics/set_distance.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/message.h"
#include "core/rng.h"

namespace solstice {
namespace {

void require_sets(const cv::Mat& a, const cv::Mat& b) {
  if (a.rows < 2 || b.rows < 2) {
    throw Error(ErrorKind::kInput, message("a distance of sets needs two images or more in each, ",
                                           "found ", a.rows, " and ", b.rows));
  }
  if (a.cols != b.cols) {
    throw Error(ErrorKind::kInput,
                message("features of ", a.cols, " and ", b.cols, " numbers cannot be compared"));
  }
}

cv::Mat in_double(const cv::Mat& features) {
  cv::Mat converted;
  features.convertTo(converted, CV_64F);
  return converted;
}

/// k of every row of a with every row of b, (Na, Nb).
cv::Mat kernel(const cv::Mat& a, const cv::Mat& b) {
  cv::Mat products;
  cv::gemm(a, b, 1.0 / a.cols, cv::noArray(), 0, products, cv::GEMM_2_T);
  products += 1;
  return products.mul(products).mul(products);
}

/// The mean over all pairs of different rows.
double mean_off_diagonal(const cv::Mat& square) {
  const double rows = square.rows;
  return (cv::sum(square)[0] - cv::trace(square)[0]) / (rows * (rows - 1));
}

double squared_discrepancy(const cv::Mat& a, const cv::Mat& b) {
  return mean_off_diagonal(kernel(a, a)) + mean_off_diagonal(kernel(b, b)) -
         2 * cv::mean(kernel(a, b))[0];
}

cv::Mat draw_rows(const cv::Mat& features, int count, Rng& rng) {
  std::vector<int> order(static_cast<size_t>(features.rows));
  std::iota(order.begin(), order.end(), 0);
  rng.shuffle(std::span(order));
  cv::Mat drawn(count, features.cols, features.type());
  for (int i = 0; i < count; ++i) features.row(order[static_cast<size_t>(i)]).copyTo(drawn.row(i));
  return drawn;
}

/// A matrix F of at most D rows with F^T F the covariance.
cv::Mat covariance_factor(const cv::Mat& features, const cv::Mat& mean) {
  const double scale = 1 / std::sqrt(features.rows - 1.0);
  cv::Mat centred = (features - cv::repeat(mean, features.rows, 1)) * scale;
  if (centred.rows <= centred.cols) return centred;
  cv::Mat covariance;
  cv::mulTransposed(centred, covariance, true);
  cv::Mat values, vectors;
  cv::eigen(covariance, values, vectors);
  for (int i = 0; i < vectors.rows; ++i) {
    vectors.row(i) *= std::sqrt(std::max(0.0, values.at<double>(i)));
  }
  return vectors;
}

}  // namespace

KidEstimate kid(const cv::Mat& a, const cv::Mat& b, const KidOptions& options) {
  require_sets(a, b);
  const cv::Mat all_a = in_double(a), all_b = in_double(b);
  if (std::max(a.rows, b.rows) <= options.subset_size) {
    return {squared_discrepancy(all_a, all_b), 0, 1};
  }
  const auto count =
      static_cast<int>(std::min<int64_t>(std::min(a.rows, b.rows), options.subset_size));
  std::vector<double> estimates(static_cast<size_t>(options.subsets));
  cv::parallel_for_({0, static_cast<int>(options.subsets)}, [&](const cv::Range& range) {
    for (int i = range.start; i < range.end; ++i) {
      Rng rng({options.seed, static_cast<uint64_t>(i)});
      const cv::Mat rows_a = draw_rows(all_a, count, rng);
      estimates[static_cast<size_t>(i)] = squared_discrepancy(rows_a, draw_rows(all_b, count, rng));
    }
  });
  cv::Scalar mean, deviation;
  cv::meanStdDev(cv::Mat(estimates), mean, deviation);
  return {mean[0], deviation[0], options.subsets};
}

double frechet_distance(const cv::Mat& a, const cv::Mat& b) {
  require_sets(a, b);
  const cv::Mat all_a = in_double(a), all_b = in_double(b);
  cv::Mat mean_a, mean_b;
  cv::reduce(all_a, mean_a, 0, cv::REDUCE_AVG);
  cv::reduce(all_b, mean_b, 0, cv::REDUCE_AVG);
  const cv::Mat factor_a = covariance_factor(all_a, mean_a);
  const cv::Mat factor_b = covariance_factor(all_b, mean_b);
  // The eigenvalues of A B = Fa^T Fa Fb^T Fb are the squared singular values of Fa Fb^T, so the
  // trace of its root is their sum: no root of a matrix, no complex numbers, nothing D x D for
  // small sets.
  cv::Mat product, singular;
  cv::gemm(factor_a, factor_b, 1, cv::noArray(), 0, product, cv::GEMM_2_T);
  cv::SVD::compute(product, singular, cv::SVD::NO_UV);
  const double traces = cv::norm(factor_a, cv::NORM_L2SQR) + cv::norm(factor_b, cv::NORM_L2SQR);
  const double distance =
      cv::norm(mean_a, mean_b, cv::NORM_L2SQR) + traces - 2 * cv::sum(singular)[0];
  return std::max(0.0, distance);
}

}  // namespace solstice
