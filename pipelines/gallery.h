#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "image/image.h"

namespace solstice {

/// A picture and what was made from it, on disk.
struct GalleryPair {
  std::filesystem::path before;
  std::filesystem::path after;
};

inline constexpr size_t kGalleryPairs = 24;  ///< on the page
inline constexpr size_t kSheetPairs = 4;     ///< in the picture
inline constexpr int kGallerySide = 512;     ///< of one image, at most

/// Writes `index.html` (one file that needs nothing else: small JPEGs inside, plain CSS) with the
/// first kGalleryPairs pairs, and `before_after.png` with the first kSheetPairs, into `folder`,
/// which is made when absent. Pairs that cannot be read are left out with a warning. Throws
/// Error(kOutput) when the folder cannot be written.
void write_gallery(const std::filesystem::path& folder, const std::string& title,
                   const std::vector<GalleryPair>& pairs);

/// An image for a screen: 8-bit RGB, no side longer than `side`, alpha composed on white.
cv::Mat screen_image(const Image& image, int side);

}  // namespace solstice
