#include "training/transfers.h"

#include <ATen/ops/stack.h>

namespace solstice {
namespace {

at::Tensor uploaded(const at::Tensor& tensor, at::Device device) {
  if (!tensor.defined() || tensor.device() == device) return tensor;
  if (!tensor.is_cpu()) return tensor.to(device);
  // The pinned copy may go before the transfer ends: its allocator keeps the memory until then.
  return tensor.pin_memory().to(device, /*non_blocking=*/true);
}

}  // namespace

Batch to_device(const Batch& batch, at::Device device) {
  Batch moved = batch;
  moved.input = uploaded(batch.input, device);
  moved.target = uploaded(batch.target, device);
  return moved;
}

std::vector<std::pair<std::string, double>> read_scalars(const NamedScalars& scalars) {
  std::vector<std::pair<std::string, double>> values;
  if (scalars.empty()) return values;
  std::vector<at::Tensor> tensors;
  for (const auto& entry : scalars) tensors.push_back(entry.second.to(at::kFloat));
  const at::Tensor together = at::stack(tensors).cpu();
  for (size_t i = 0; i < scalars.size(); ++i) {
    values.emplace_back(scalars[i].first, together.const_data_ptr<float>()[i]);
  }
  return values;
}

}  // namespace solstice
