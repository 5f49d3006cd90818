#include "metrics/luma.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "metrics/colorfulness.h"
#include "metrics/made_pictures.h"
#include "metrics/metrics.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::distorted;
using testing::fails_with;
using testing::picture;

cv::Mat one_colour(int r, int g, int b) { return {12, 12, CV_8UC3, cv::Scalar(r, g, b)}; }

// The corners of the cube as ITU-R BT.601 has them, and MATLAB's rgb2ycbcr rounds them.
TEST(Luma, IsThatOfTheStandard) {
  struct {
    cv::Scalar colour;
    double exact;
    int rounded;
  } const rows[] = {{{0, 0, 0}, 16, 16},
                    {{255, 255, 255}, 235, 235},
                    {{255, 0, 0}, 81.481, 81},
                    {{0, 255, 0}, 144.553, 145},
                    {{0, 0, 255}, 40.966, 41}};
  for (const auto& row : rows) {
    const cv::Mat pixels(2, 3, CV_8UC3, row.colour);
    EXPECT_NEAR(luma(pixels).at<double>(1, 2), row.exact, 1e-12);
    EXPECT_EQ(rounded_luma(pixels).at<uchar>(1, 2), row.rounded);
  }
}

TEST(Luma, TakesGreyAsEqualColoursAndSixteenBits) {
  const cv::Mat grey(2, 3, CV_8UC1, cv::Scalar(100));
  EXPECT_NEAR(luma(grey).at<double>(0, 0), luma(one_colour(100, 100, 100)).at<double>(0, 0), 1e-12);
  const cv::Mat wide(2, 3, CV_16UC3, cv::Scalar(100 * 257, 0, 7 * 257));
  EXPECT_NEAR(luma(wide).at<double>(0, 0), luma(one_colour(100, 0, 7)).at<double>(0, 0), 1e-12);
  EXPECT_TRUE(fails_with("4 channels", [] { (void)luma(cv::Mat::zeros(2, 2, CV_8UC4)); }));
}

// numpy 2.4.6, from the formulas; the border of 4 cut off in the second figure of a line.
TEST(Luma, GivesThePublishedPsnrWithAndWithoutRounding) {
  const cv::Mat truth = picture(48, 40, 3), image = distorted(truth, 1);
  EXPECT_NEAR(psnr(luma(image), luma(truth)), 38.24638251020443, 1e-10);
  EXPECT_NEAR(psnr(rounded_luma(image), rounded_luma(truth)), 38.170340971607274, 1e-10);
  EXPECT_NEAR(psnr(without_border(luma(image), 4), without_border(luma(truth), 4)),
              37.934680523823765, 1e-10);
}

TEST(Border, MayNotTakeTheWholeImage) {
  const cv::Mat image = cv::Mat::zeros(9, 20, CV_8UC1);
  EXPECT_EQ(without_border(image, 4).size(), cv::Size(12, 1));
  EXPECT_EQ(without_border(image, 0).size(), image.size());
  EXPECT_TRUE(fails_with("a border of 5 leaves nothing of 20x9 pixels",
                         [&] { (void)without_border(image, 5); }));
}

// Closed forms: of one colour only the means count, of grey nothing.
TEST(Colorfulness, IsThatOfThePaper) {
  EXPECT_NEAR(colorfulness(one_colour(255, 0, 0)), 0.3 * std::hypot(255, 127.5), 1e-12);
  EXPECT_NEAR(colorfulness(one_colour(90, 90, 90)), 0, 1e-12);
  EXPECT_EQ(colorfulness(cv::Mat(4, 4, CV_8UC1, cv::Scalar(9))), 0);
  cv::Mat halves = one_colour(255, 0, 0);
  halves.colRange(6, 12).setTo(cv::Scalar(0, 255, 0));  // rg is 255 and -255, yb always 127.5
  EXPECT_NEAR(colorfulness(halves), 255 + 0.3 * 127.5, 1e-12);
  EXPECT_NEAR(colorfulness(picture(48, 40, 3)), 63.31748840208731, 1e-10) << "numpy 2.4.6";
  cv::Mat wide;
  halves.convertTo(wide, CV_16U, 257);
  EXPECT_NEAR(colorfulness(wide), colorfulness(halves), 1e-12);
}

}  // namespace
}  // namespace solstice
