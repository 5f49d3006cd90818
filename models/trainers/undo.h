#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/where.h>

namespace solstice {

/// Copies `before` over `now` where `undone`, a float scalar on their device, is not 0. On an
/// accelerator the host does not wait to learn which it was.
inline void take_back(const at::Tensor& undone, const at::Tensor& before, at::Tensor& now) {
  if (!undone.device().is_cpu()) {
    now.copy_(at::where(undone != 0, before, now));
  } else if (undone.item<float>() != 0) {
    now.copy_(before);
  }
}

}  // namespace solstice
