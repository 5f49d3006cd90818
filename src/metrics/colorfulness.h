#pragma once

#include <opencv2/core/mat.hpp>

namespace solstice {

/// Colourfulness of an image (Hasler and Suesstrunk 2003, "Measuring colourfulness in natural
/// images", M(3)): with rg = R - G and yb = (R + G) / 2 - B in 8-bit levels, sqrt(var rg + var yb)
/// + 0.3 sqrt(mean(rg)^2 + mean(yb)^2). 0 for grey; the paper's viewers called 15 slightly, 45
/// averagely and 82 highly colourful. Pixels as in metrics.h; throws Error(kInput) for others.
double colorfulness(const cv::Mat& pixels);

}  // namespace solstice
