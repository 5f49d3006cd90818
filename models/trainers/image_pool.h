#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace solstice {

/// A history of generated images (Shrivastava et al. 2017, as in CycleGAN): a discriminator that
/// sees older fakes too does not chase the generator's last trick. Per image: while the pool fills,
/// the new one is kept and returned; later, with probability one half, a random old one is returned
/// and replaced by the new one, else the new one is returned. Draws from torch's CPU generator, so
/// on an accelerator too nothing waits for the device. Size 0 returns its input.
class ImagePool {
 public:
  explicit ImagePool(int64_t size) : size_(size) {}

  /// `images`: (N, C, H, W), detached. Returns as many, each new or old.
  at::Tensor query(const at::Tensor& images);

  /// Ends a step: where `undone` (a scalar on the images' device, 0 or 1) is 1, what query() stored
  /// since the last call gives way to what was there before (a grey image in a slot that was
  /// empty).
  void settle(const at::Tensor& undone);

  const std::vector<at::Tensor>& images() const { return images_; }
  void set_images(std::vector<at::Tensor> images) { images_ = std::move(images); }

 private:
  int64_t size_;
  std::vector<at::Tensor> images_;
  std::vector<std::pair<size_t, at::Tensor>> replaced_;  ///< slot and what it held before
};

}  // namespace solstice
