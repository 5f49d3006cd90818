#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pipelines/outputs.h"

namespace solstice {

/// Labels larger than this are refused.
inline constexpr uint64_t kLargestSidecar = uint64_t{64} << 20;

/// Which labels stand beside an image: its stem with one of these endings.
///  .txt       copied as it is (YOLO's numbers are shares of the image, and stay true)
///  .xml       Pascal VOC
///  .json      COCO of one image, or labelme
///  _mask.png  a value for every pixel
inline constexpr std::string_view kMaskEnding = "_mask.png";
inline constexpr std::string_view kSidecarEndings[] = {".txt", ".xml", ".json", kMaskEnding};

/// Takes masks of the images and results of `listing` out of its files: they are labels.
void leave_out_masks(Listing& listing);

/// Finds what stands beside each job's input, and names its copies after the job's output.
/// Throws Error(kUsage) when a copy would replace an image, a result or the copy of another label,
/// and Error(kOutput) for `existing == kError` when one is there.
void plan_sidecars(std::vector<Job>& jobs, Existing existing);

/// Copies a job's labels, whole or not at all, as `existing` says. Coordinates and masks grow with
/// `scale`, the model's. Throws Error naming the label.
void copy_sidecars(const Job& job, Existing existing, int scale);

/// A label for an image `scale` times as large; the bytes themselves for 1. `ending` is one of the
/// four above. Throws Error(kInput), without a file name, for what it cannot make sense of.
std::string scaled_label(std::string_view ending, const std::string& bytes, int scale);

}  // namespace solstice
