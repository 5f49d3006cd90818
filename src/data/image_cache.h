#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

namespace solstice {

/// An image (or half of one) with everything done to it that no draw decides.
struct LoadedImage {
  cv::Mat pixels;   ///< resized; not to be written to, the cache shares it
  cv::Size source;  ///< as it was in its file
};

/// Loaded images by key, up to a number of bytes, kept for as long as the data set. Once full it
/// keeps what it has: an epoch reads every file once, so an image dropped for a newcomer would be
/// missed just as soon. Thread-safe.
class ImageCache {
 public:
  explicit ImageCache(int64_t bytes) : free_bytes_(bytes) {}

  std::optional<LoadedImage> find(const std::string& key) const;

  /// Does nothing when there is no room or the key is there already.
  void add(const std::string& key, const LoadedImage& image);

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, LoadedImage> images_;
  int64_t free_bytes_;
};

}  // namespace solstice
