#include "models/trainers/image_pool.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

namespace solstice {

at::Tensor ImagePool::query(const at::Tensor& images) {
  if (size_ == 0) return images;
  std::vector<at::Tensor> chosen;
  for (const at::Tensor& image : images.split(1)) {
    if (static_cast<int64_t>(images_.size()) < size_) {
      replaced_.emplace_back(images_.size(), at::zeros_like(image));
      images_.push_back(image.clone());
      chosen.push_back(image);
    } else if (at::rand({}).item<double>() > 0.5) {
      const auto slot = static_cast<size_t>(at::randint(size_, {}).item<int64_t>());
      replaced_.emplace_back(slot, images_[slot]);
      // Images of a run may differ in size (--preprocess none), a batch may not.
      const bool fits = images_[slot].sizes() == image.sizes();
      chosen.push_back(fits || images.size(0) == 1 ? images_[slot] : image);
      images_[slot] = image.clone();
    } else {
      chosen.push_back(image);
    }
  }
  return chosen.size() == 1 ? chosen[0] : at::cat(chosen);
}

void ImagePool::settle(const at::Tensor& undone) {
  // Backwards: a slot that was used twice ends with what it held first.
  for (auto it = replaced_.rbegin(); it != replaced_.rend(); ++it) {
    auto& [slot, before] = *it;
    at::Tensor& now = images_[slot];
    if (undone.device().is_cpu()) {
      if (undone.item<float>() != 0) now = before;
    } else if (before.sizes() == now.sizes()) {
      now = at::where(undone != 0, before, now);
    }
  }
  replaced_.clear();
}

}  // namespace solstice
