#include "data/image_cache.h"

#include <mutex>

namespace solstice {
namespace {

/// An image larger than an eighth of a block has one of its own, so that little is left unused.
constexpr size_t kBlock = size_t{8} << 20;

/// Of a key, a map's node and a matrix' header, about.
constexpr size_t kOverhead = 256;

}  // namespace

std::optional<LoadedImage> ImageCache::find(const std::string& key) const {
  const std::shared_lock lock(mutex_);
  const auto found = images_.find(key);
  if (found == images_.end()) return std::nullopt;
  return found->second;
}

uint8_t* ImageCache::add_block(size_t bytes) {
  blocks_.emplace_back(new uint8_t[bytes]);  // make_unique would touch every page of it
  free_bytes_ -= bytes;
  return blocks_.back().get();
}

uint8_t* ImageCache::take_room(size_t bytes) {
  if (bytes > room_.size()) {
    if (bytes > free_bytes_) return nullptr;
    if (bytes > kBlock / 8) return add_block(bytes);
    const size_t size = std::min(kBlock, free_bytes_);
    room_ = {add_block(size), size};
  }
  uint8_t* taken = room_.data();
  room_ = room_.subspan(bytes);
  return taken;
}

void ImageCache::add(const std::string& key, const LoadedImage& image) {
  const cv::Mat& pixels = image.pixels;
  const size_t row = static_cast<size_t>(pixels.cols) * pixels.elemSize();
  const std::unique_lock lock(mutex_);
  if (images_.contains(key)) return;
  // The overhead is taken from the block too, which keeps one count of all there is.
  uint8_t* room = take_room((row * static_cast<size_t>(pixels.rows) + kOverhead) / 64 * 64 + 64);
  if (room == nullptr) return;
  const cv::Mat kept(pixels.rows, pixels.cols, pixels.type(), room, row);
  pixels.copyTo(kept);
  images_.emplace(key, LoadedImage{kept, image.source});
}

}  // namespace solstice
