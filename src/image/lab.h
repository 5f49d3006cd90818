#pragma once

#include <opencv2/core/mat.hpp>

namespace solstice {

// CIE L*a*b* of sRGB pixels (IEC 61966-2-1; white D65, 2 degrees), in float: L 0 to 100, a and b
// about -110 to 110. cv::cvtColor is not used: its float path interpolates a table of colours and
// is up to 0.2 off in L (measured with 4.6), which is more than 100 levels of 16 bits, and it clips
// what sRGB cannot show, which changes the lightness. Pixels have 1 (grey) or 3 (RGB) channels, 8
// or 16 bit; others throw Error(kRun). Thread-safe.

/// CV_32FC3.
cv::Mat lab_of(const cv::Mat& pixels);

/// L alone: CV_32FC1.
cv::Mat lightness_of(const cv::Mat& pixels);

/// RGB of `depth` CV_8U or CV_16U from L (CV_32FC1) and a, b (CV_32FC2, the same size). Where sRGB
/// has no such colour, a and b shrink by one factor until it has: lightness and hue angle stay.
cv::Mat rgb_of_lab(const cv::Mat& lightness, const cv::Mat& ab, int depth);

/// Writes into `rows` of `result` (RGB, size and depth of `pixels`) the lightness of `pixels` with
/// the colours `ab` (CV_32FC2 of any size: spread over the image by cubic interpolation, a = -0.5).
/// L is that of `pixels` but for the rounding of the levels; where a = b = 0, grey levels come back
/// as they were. Rows may be written by several threads at once.
void write_coloured(const cv::Mat& pixels, const cv::Mat& ab, cv::Range rows, cv::Mat& result);

}  // namespace solstice
