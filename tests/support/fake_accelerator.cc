#include "support/fake_accelerator.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <malloc.h>
#include <torch/library.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <set>

namespace solstice::testing {
namespace {

constexpr auto kDeviceType = c10::DeviceType::PrivateUse1;
const at::Device kDevice(kDeviceType, 0);

std::atomic<int64_t> host_reads{0};
std::atomic<int64_t> pinned_uploads{0};
std::atomic<int64_t> pageable_uploads{0};
std::atomic<int64_t> live_allocations{0};
std::atomic<int64_t> live_bytes{0};
std::atomic<int64_t> most_bytes{0};  ///< 0: no limit

/// Copies that the CPU's kernels need to stand in for the device's are not the program's own.
thread_local int inside_kernel = 0;
struct InsideKernel {
  InsideKernel() { ++inside_kernel; }
  ~InsideKernel() { --inside_kernel; }
};

/// Addresses of the device lie so far above the host's that no processor takes them for one.
constexpr uintptr_t kFarAway = uintptr_t{1} << 62;

void* device_address(void* host) {
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(host) + kFarAway);
}
void* host_address(const void* device) {
  return device == nullptr
             ? nullptr
             : reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(device) - kFarAway);
}

void* aligned_bytes(size_t size) { return std::aligned_alloc(64, (size + 63) / 64 * 64); }

struct DeviceAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t size) override {
    if (size == 0) return {nullptr, kDevice};
    TORCH_CHECK_WITH(OutOfMemoryError,
                     most_bytes == 0 || live_bytes + static_cast<int64_t>(size) <= most_bytes,
                     "fake accelerator out of memory");
    ++live_allocations;
    void* host = aligned_bytes(size);
    live_bytes += static_cast<int64_t>(malloc_usable_size(host));
    return {device_address(host), host, &release, kDevice};
  }
  static void release(void* host) {
    --live_allocations;
    live_bytes -= static_cast<int64_t>(malloc_usable_size(host));
    std::free(host);
  }
  void copy_data(void* to, const void* from, size_t size) const override {
    if (size > 0) std::memcpy(host_address(to), host_address(from), size);
  }
};
DeviceAllocator device_allocator;
REGISTER_ALLOCATOR(kDeviceType, &device_allocator);

struct PinnedAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t size) override {
    if (size == 0) return {nullptr, at::kCPU};
    void* bytes = aligned_bytes(size);
    const std::lock_guard lock(mutex);
    blocks.emplace(static_cast<char*>(bytes), size);
    return {bytes, bytes, &release, at::kCPU};
  }
  static void release(void* bytes);
  void copy_data(void* to, const void* from, size_t size) const override {
    std::memcpy(to, from, size);
  }
  bool holds(const void* data) const {
    const std::lock_guard lock(mutex);
    for (const auto& [begin, size] : blocks) {
      if (data >= begin && data < begin + size) return true;
    }
    return false;
  }

  mutable std::mutex mutex;
  std::set<std::pair<char*, size_t>> blocks;
};
PinnedAllocator pinned_allocator;

void PinnedAllocator::release(void* bytes) {
  {
    const std::lock_guard lock(pinned_allocator.mutex);
    std::erase_if(pinned_allocator.blocks, [&](const auto& block) { return block.first == bytes; });
  }
  std::free(bytes);
}

struct Hooks final : at::PrivateUse1HooksInterface {
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  bool isPinnedPtr(const void* data) const override { return pinned_allocator.holds(data); }
  c10::Allocator* getPinnedMemoryAllocator() const override { return &pinned_allocator; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    return at::detail::getDefaultCPUGenerator();
  }
  void resizePrivateUse1Bytes(const c10::Storage& storage, size_t size) const override {
    c10::DataPtr grown = device_allocator.allocate(size);
    device_allocator.copy_data(grown.get(), storage.data(), std::min(size, storage.nbytes()));
    storage.unsafeGetStorageImpl()->set_data_ptr_noswap(std::move(grown));
    storage.unsafeGetStorageImpl()->set_nbytes(size);
  }
};

struct Guard final : c10::impl::DeviceGuardImplInterface {
  static constexpr c10::DeviceType static_type = kDeviceType;
  c10::DeviceType type() const override { return kDeviceType; }
  c10::Device exchangeDevice(c10::Device) const override { return kDevice; }
  c10::Device getDevice() const override { return kDevice; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override {
    return c10::Stream(c10::Stream::DEFAULT, kDevice);
  }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

/// The same memory as a CPU tensor, for kernels only. Throws for a tensor that is the host's.
at::Tensor as_host(const at::Tensor& tensor) {
  TORCH_CHECK(tensor.is_privateuseone(),
              "Expected all tensors to be on the same device, but found ", kDevice, " and cpu");
  return at::from_blob(host_address(tensor.data_ptr()), tensor.sizes(), tensor.strides(),
                       at::TensorOptions().dtype(tensor.scalar_type()));
}

std::optional<at::Tensor> optional_host(const std::optional<at::Tensor>& tensor) {
  if (!tensor || !tensor->defined()) return std::nullopt;
  return as_host(*tensor);
}

at::Tensor on_device(const at::Tensor& host) {
  if (!host.defined()) return host;
  const at::Tensor tensor =
      at::empty(host.sizes(), host.options().device(kDevice), host.suggest_memory_format());
  as_host(tensor).copy_(host);
  return tensor;
}

at::Tensor empty_contiguous(c10::IntArrayRef size, std::optional<at::ScalarType> type,
                            std::optional<at::Layout>, std::optional<at::Device>,
                            std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, &device_allocator,
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   c10::dtype_or_default(type), format);
}

at::Tensor empty_strided(c10::IntArrayRef size, c10::IntArrayRef stride,
                         std::optional<at::ScalarType> type, std::optional<at::Layout>,
                         std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, &device_allocator,
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           c10::dtype_or_default(type));
}

at::Tensor as_strided(const at::Tensor& tensor, c10::IntArrayRef size, c10::IntArrayRef stride,
                      std::optional<int64_t> offset) {
  return at::native::as_strided_tensorimpl(tensor, size, stride, offset);
}

at::Tensor view(const at::Tensor& tensor, c10::IntArrayRef size) {
  return at::native::view(tensor, size);
}

const at::Tensor& resize(const at::Tensor& tensor, c10::IntArrayRef size,
                         std::optional<at::MemoryFormat> format) {
  return at::native::resize_(tensor, size, format);
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  if (inside_kernel == 0 && from.is_cpu()) {
    const bool waits = !non_blocking || !pinned_allocator.holds(from.const_data_ptr());
    ++(waits ? pageable_uploads : pinned_uploads);
  }
  if (inside_kernel == 0 && to.is_cpu()) ++host_reads;
  const at::AutoDispatchBelowADInplaceOrView below;
  const at::Tensor target = to.is_cpu() ? to : as_host(to);
  target.copy_(from.is_cpu() ? from : as_host(from));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar local_scalar(const at::Tensor& tensor) {
  if (inside_kernel == 0) ++host_reads;
  return as_host(tensor).item();
}

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, c10::IntArrayRef stride,
                       c10::IntArrayRef padding, c10::IntArrayRef dilation, bool transposed,
                       c10::IntArrayRef output_padding, int64_t groups) {
  return on_device(at::convolution(as_host(x), as_host(weight), optional_host(bias), stride,
                                   padding, dilation, transposed, output_padding, groups));
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(
    const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
    c10::IntArrayRef stride, c10::IntArrayRef padding, c10::IntArrayRef dilation, bool transposed,
    c10::IntArrayRef output_padding, int64_t groups, std::array<bool, 3> wanted) {
  const int64_t bias_size[] = {gradient.size(1)};
  const auto [dx, dw, db] = at::convolution_backward(
      as_host(gradient), as_host(x), as_host(weight), c10::IntArrayRef(bias_size), stride, padding,
      dilation, transposed, output_padding, groups, wanted);
  return {on_device(dx), on_device(dw), on_device(db)};
}

/// The schema does not say that the running statistics change, so the fallback would lose them.
std::tuple<at::Tensor, at::Tensor, at::Tensor> batch_norm(
    const at::Tensor& x, const std::optional<at::Tensor>& weight,
    const std::optional<at::Tensor>& bias, const std::optional<at::Tensor>& running_mean,
    const std::optional<at::Tensor>& running_var, bool training, double momentum, double eps) {
  const auto [y, mean, deviation] = at::native_batch_norm(
      as_host(x), optional_host(weight), optional_host(bias), optional_host(running_mean),
      optional_host(running_var), training, momentum, eps);
  return {on_device(y), on_device(mean), on_device(deviation)};
}

/// A GPU's kernels refuse operands that lie elsewhere; a single number of the host they take along.
void check_places(const c10::OperatorHandle& op, const torch::jit::Stack& stack) {
  std::vector<at::Tensor> operands;
  for (const c10::IValue& value : torch::jit::last(stack, op.schema().arguments().size())) {
    if (value.isTensor()) operands.push_back(value.toTensor());
    if (value.isTensorList()) {
      const auto list = value.toTensorVector();
      operands.insert(operands.end(), list.begin(), list.end());
    }
  }
  for (const at::Tensor& tensor : operands) {
    TORCH_CHECK(!tensor.defined() || !tensor.is_cpu() || tensor.dim() == 0, op.schema().name(),
                ": Expected all tensors to be on the same device, but found ", kDevice, " and cpu");
  }
}

void compute_on_host(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  check_places(op, *stack);
  const InsideKernel inside;
  at::native::cpu_fallback(op, stack);
}

/// Module::to() puts the tensor of one place into the parameter of the other.
bool has_compatible_type(const at::Tensor&, const at::Tensor&) { return true; }

}  // namespace

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty_contiguous);
  m.impl("empty_strided", empty_strided);
  m.impl("as_strided", as_strided);
  m.impl("view", view);
  m.impl("resize_", resize);
  m.impl("_copy_from", copy_from);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
  m.impl("_local_scalar_dense", local_scalar);
  m.impl("_has_compatible_shallow_copy_type", has_compatible_type);
  m.impl("native_batch_norm", batch_norm);
  // The fallback does not reach these.
  m.impl("convolution_overrideable", convolution);
  m.impl("convolution_backward_overrideable", convolution_backward);
}
TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&compute_on_host>());
}

void limit_accelerator_memory(int64_t bytes) { most_bytes = bytes; }

AcceleratorCounts accelerator_counts() {
  return {host_reads, pinned_uploads, pageable_uploads, live_allocations};
}

at::Device fake_accelerator() {
  static Hooks hooks;
  static std::once_flag once;
  std::call_once(once, [] {
    c10::register_privateuse1_backend("fake");
    at::RegisterPrivateUse1HooksInterface(&hooks);
  });
  return kDevice;
}

}  // namespace solstice::testing
