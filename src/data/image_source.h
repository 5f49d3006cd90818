#pragma once

#include <filesystem>
#include <memory>

#include "data/image_cache.h"
#include "data/options.h"

namespace solstice {

struct LoadedHalves {
  LoadedImage left;
  LoadedImage right;
};

/// Image files as a data set uses them: decoded, halved where both sides share a file, resized as
/// far as no draw decides, and kept for the next epoch while options.memory lasts. What comes from
/// the cache equals what comes from the file, bit for bit; a file that is replaced during a run may
/// be seen as it was before. Each call throws Error(kInput) "FILE: reason" when the file cannot be
/// decoded, and for an image of a single colour unless options.keep_flat_images. Thread-safe.
class ImageSource {
 public:
  /// With a cache that several data sets may share, or none.
  ImageSource(const DataOptions& options, std::shared_ptr<ImageCache> cache);

  LoadedImage whole(const std::filesystem::path& file) const;

  /// Also throws for an odd width.
  LoadedHalves halves(const std::filesystem::path& file) const;

 private:
  LoadedImage prepare(const cv::Mat& pixels, const std::filesystem::path& file) const;

  DataOptions options_;
  std::shared_ptr<ImageCache> cache_;
};

}  // namespace solstice
