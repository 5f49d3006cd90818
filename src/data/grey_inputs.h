#pragma once

#include <filesystem>
#include <opencv2/core/mat.hpp>
#include <string>

#include "data/dataset.h"

namespace solstice {

/// What colourisation learns from a colour photo (--inputs grey): its lightness is the input
/// (1, H, W), its a and b are the target (2, H, W), scaled as LabTensors says. `pixels` are
/// resized, cut and mirrored already.
Sample make_grey_sample(const cv::Mat& pixels, std::string name);

/// Throws Error(kInput) "FILE: reason" for a photo without colours to learn: one channel, or fewer
/// than one pixel in 1000 whose channels differ by more than a JPEG's rounding.
void require_colour(const cv::Mat& pixels, const std::filesystem::path& file);

}  // namespace solstice
