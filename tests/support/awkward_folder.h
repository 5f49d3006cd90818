#pragma once

#include <filesystem>
#include <map>
#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

namespace solstice::testing {

/// What a run over the awkward folder owes for one of its files.
struct Awkward {
  cv::Mat pixels;        ///< as seen, from the result; empty: the file is to be reported
  double tolerance = 0;  ///< levels that a lossy format may add
  std::string reason;    ///< part of the report of a file that cannot be done
};

/// Makes a folder of images as people really have them: every format, depth, channel count,
/// palette and orientation, metadata, damage, hostile headers, awkward names, links, what cannot
/// be read, what is no file. The keys are the files that a run has to account for, relative to the
/// folder; everything else in it is to be passed over.
std::map<std::string, Awkward> make_awkward_folder(const std::filesystem::path& folder);

}  // namespace solstice::testing
