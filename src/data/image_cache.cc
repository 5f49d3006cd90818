#include "data/image_cache.h"

#include <mutex>

namespace solstice {
namespace {

/// Of a key, a map's node and a matrix' header, about.
constexpr size_t kOverhead = 256;

}  // namespace

std::optional<LoadedImage> ImageCache::find(const std::string& key) const {
  const std::shared_lock lock(mutex_);
  const auto found = images_.find(key);
  if (found == images_.end()) return std::nullopt;
  return found->second;
}

void ImageCache::add(const std::string& key, const LoadedImage& image) {
  const size_t size = image.pixels.total() * image.pixels.elemSize() + kOverhead + key.size();
  const auto bytes = static_cast<int64_t>(size);
  {
    const std::shared_lock lock(mutex_);
    if (bytes > free_bytes_) return;
  }
  LoadedImage kept = image;
  // A part of a larger image would keep all of it.
  if (kept.pixels.isSubmatrix()) kept.pixels = kept.pixels.clone();
  const std::unique_lock lock(mutex_);
  if (bytes > free_bytes_ || !images_.emplace(key, std::move(kept)).second) return;
  free_bytes_ -= bytes;
}

}  // namespace solstice
