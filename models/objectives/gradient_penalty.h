#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace solstice {

/// The gradient penalty of Gulrajani et al. 2017 (equation 3, without its factor): the mean over
/// the batch of (|d critic(x) / dx| - 1)^2, where x = a real + (1 - a) fake with one `a` per image
/// drawn from torch's generator of the images' device. `real` and `fake`: (N, C, H, W), both taken
/// without their graphs. A scalar whose own gradient reaches the critic's weights. Computed outside
/// autocast: second derivatives do not stand half precision.
at::Tensor gradient_penalty(const std::function<at::Tensor(const at::Tensor&)>& critic,
                            const at::Tensor& real, const at::Tensor& fake);

}  // namespace solstice
