#include "metrics/set_distance.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;

/// Made-up features; `kind` makes sets that differ.
cv::Mat features(int rows, int columns, int kind, int type = CV_64F) {
  cv::Mat made(rows, columns, CV_64F);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      made.at<double>(i, j) =
          (i * i * (j + 3) + 7 * j * j + kind * (i + 2 * j)) % (23 + kind) / 10.0;
    }
  }
  made.convertTo(made, type);
  return made;
}

// numpy 2.4.6 and scipy 1.17.1: means, cov(rowvar=False), scipy.linalg.sqrtm. More images than
// features, fewer, and one of each.
TEST(FrechetDistance, AgreesWithScipysRootOfAMatrix) {
  EXPECT_NEAR(frechet_distance(features(40, 6, 0), features(50, 6, 4)), 0.9055989441668362, 1e-6);
  EXPECT_NEAR(frechet_distance(features(5, 16, 0), features(7, 16, 4)), 11.296306150884583, 1e-6);
  EXPECT_NEAR(frechet_distance(features(30, 8, 0), features(4, 8, 4)), 4.209827423719101, 1e-6);
}

// In one dimension it is (m1 - m2)^2 + (s1 - s2)^2.
TEST(FrechetDistance, HasItsClosedFormInOneDimension) {
  const cv::Mat a = (cv::Mat_<double>(4, 1) << 0, 2, 4, 6);
  const cv::Mat b = 3 * a + 1;
  const double deviation = std::sqrt(20.0 / 3);
  EXPECT_NEAR(frechet_distance(a, b), 49 + 4 * deviation * deviation, 1e-12);
  EXPECT_NEAR(frechet_distance(a, a), 0, 1e-12);
}

// torchmetrics 1.9.0's poly_mmd for sets of one size, numpy for two; both from the paper's formula.
TEST(Kid, AgreesWithTorchmetrics) {
  EXPECT_NEAR(kid(features(40, 6, 0), features(40, 6, 4)).mean, 1.6813047307520144, 1e-10);
  EXPECT_NEAR(kid(features(7, 16, 0), features(7, 16, 4)).mean, 0.8834469081765484, 1e-10);
  EXPECT_NEAR(kid(features(30, 8, 0), features(4, 8, 4)).mean, 2.665515521800913, 1e-10);
  EXPECT_NEAR(kid(features(7, 16, 0, CV_32F), features(7, 16, 4, CV_32F)).mean, 0.8834469081765484,
              1e-5);
}

// Of one feature, x of {0, 1} against y of {2, 3}: k is (x y + 1)^3, so 1 + 343 - 2 (1 + 1 + 27 +
// 64) / 4.
TEST(Kid, HasItsClosedFormForTwoImages) {
  const cv::Mat a = (cv::Mat_<double>(2, 1) << 0, 1), b = (cv::Mat_<double>(2, 1) << 2, 3);
  const KidEstimate estimate = kid(a, b);
  EXPECT_NEAR(estimate.mean, 297.5, 1e-12);
  EXPECT_EQ(estimate.subsets, 1);
  EXPECT_EQ(estimate.deviation, 0);
}

TEST(Kid, DrawsSubsetsOfLargeSetsByTheSeed) {
  const cv::Mat a = features(200, 5, 0), b = features(90, 5, 4);
  const KidEstimate once = kid(a, b, {50, 60, 1});
  const KidEstimate again = kid(a, b, {50, 60, 1});
  EXPECT_EQ(once.mean, again.mean);
  EXPECT_NE(once.mean, kid(a, b, {50, 60, 2}).mean);
  EXPECT_GT(once.deviation, 0);
  EXPECT_EQ(once.subsets, 50);
  EXPECT_NEAR(once.mean, kid(a, b).mean, 3 * once.deviation);
}

TEST(SetDistance, RefusesOneImageAndFeaturesOfTwoNetworks) {
  EXPECT_TRUE(fails_with("two images or more in each, found 1 and 5",
                         [] { (void)kid(features(1, 4, 0), features(5, 4, 0)); }));
  EXPECT_TRUE(fails_with("found 5 and 1",
                         [] { (void)frechet_distance(features(5, 4, 0), features(1, 4, 0)); }));
  EXPECT_TRUE(fails_with("features of 4 and 3 numbers",
                         [] { (void)kid(features(5, 4, 0), features(5, 3, 0)); }));
}

}  // namespace
}  // namespace solstice
