#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace solstice {

/// An image (or half of one) with everything done to it that no draw decides.
struct LoadedImage {
  cv::Mat pixels;   ///< resized; not to be written to, the cache shares it
  cv::Size source;  ///< as it was in its file
};

/// Loaded images by key, up to a number of bytes, kept for as long as the data set. Once full it
/// keeps what it has: an epoch reads every file once, so an image dropped for a newcomer would be
/// missed just as soon. Pixels lie in large blocks of its own: among the short-lived
/// buffers of the loading threads they would tear the heap into pieces and take thrice the room.
/// What find() gives must not outlive the cache. Thread-safe.
class ImageCache {
 public:
  explicit ImageCache(int64_t bytes)
      : free_bytes_(static_cast<size_t>(std::max<int64_t>(bytes, 0))) {}

  std::optional<LoadedImage> find(const std::string& key) const;

  /// Does nothing when there is no room or the key is there already.
  void add(const std::string& key, const LoadedImage& image);

 private:
  /// Null when there is no room for them.
  uint8_t* take_room(size_t bytes);
  uint8_t* add_block(size_t bytes);

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, LoadedImage> images_;
  std::vector<std::unique_ptr<uint8_t[]>> blocks_;
  std::span<uint8_t> room_;  ///< what is left of one of them
  size_t free_bytes_;        ///< of no block yet
};

}  // namespace solstice
