#include "inference/buffer_pool.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <malloc.h>
#include <sys/mman.h>

#include <cstdlib>
#include <list>
#include <mutex>
#include <new>
#include <opencv2/core/mat.hpp>

namespace solstice {
namespace {

constexpr size_t kAlignment = 64;
constexpr int kLarge = 1 << 20;  ///< bytes

/// Where memory is limited a large buffer must fail before what cannot fail: oneDNN runs kernels
/// for which it got no memory, and a thread without a stack ends the program.
constexpr size_t kHeadroom = size_t{64} << 20;

bool has_headroom() {
  void* probe =
      mmap(nullptr, kHeadroom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) return false;
  munmap(probe, kHeadroom);
  return true;
}

/// Before every buffer stands its size.
struct alignas(kAlignment) Header {
  size_t bytes;
};

/// Freed buffers, up to a bound.
class Pool {
 public:
  void set_bounds(size_t most_kept, size_t most_in_all) {
    const std::lock_guard lock(mutex_);
    most_kept_ = most_kept;
    most_in_all_ = most_in_all;
    shrink();
  }

  /// Null when there is no memory.
  void* allocate(size_t bytes) {
    Header* block = take(bytes);
    if (block == nullptr) block = make(bytes);
    if (block == nullptr) {
      give_all_back();
      block = make(bytes);
    }
    return block == nullptr ? nullptr : block + 1;
  }

  void give_back(void* data) {
    Header* block = static_cast<Header*>(data) - 1;
    const std::lock_guard lock(mutex_);
    used_ -= block->bytes;
    kept_ += block->bytes;
    free_.push_back(block);
    shrink();
  }

 private:
  /// Memory is short: from now on what is freed is the system's, which is slower.
  void give_all_back() {
    const std::lock_guard lock(mutex_);
    while (!free_.empty()) drop_oldest();
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, kLarge);
    mallopt(M_TRIM_THRESHOLD, kLarge);
    malloc_trim(0);
#endif
  }

  /// A free buffer that is at most a quarter too large; null without one.
  Header* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      const size_t size = (*it)->bytes;
      if (size < bytes || size > bytes + bytes / 4) continue;
      if (best == free_.end() || size < (*best)->bytes) best = it;
    }
    if (best == free_.end()) return nullptr;
    Header* block = *best;
    kept_ -= block->bytes;
    used_ += block->bytes;
    free_.erase(best);
    return block;
  }

  Header* make(size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      used_ += bytes;
      shrink();
    }
    const size_t whole = (sizeof(Header) + bytes + kAlignment - 1) / kAlignment * kAlignment;
    void* memory = std::aligned_alloc(kAlignment, whole);
    if (memory != nullptr && bytes >= size_t{kLarge} && !has_headroom()) {
      std::free(memory);
      memory = nullptr;
    }
    if (memory != nullptr) return new (memory) Header{bytes};
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
    return nullptr;
  }

  void shrink() {
    while (!free_.empty() && (kept_ > most_kept_ || used_ + kept_ > most_in_all_)) drop_oldest();
  }

  void drop_oldest() {
    kept_ -= free_.front()->bytes;
    std::free(free_.front());
    free_.pop_front();
  }

  std::mutex mutex_;
  std::list<Header*> free_;  ///< the least recently used first
  size_t used_ = 0, kept_ = 0;
  size_t most_kept_ = 0, most_in_all_ = 0;
};

/// Never destroyed: tensors of static storage may outlive everything.
Pool& pool() {
  static auto& kPool = *new Pool;
  return kPool;
}

class TensorAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, at::Device(at::kCPU)};
    void* data = pool().allocate(bytes);
    TORCH_CHECK(data != nullptr, "can't allocate memory: ", bytes, " bytes");
    return {data, data, &give_back, at::Device(at::kCPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

 private:
  static void give_back(void* data) {
    if (data != nullptr) pool().give_back(data);
  }
};

/// Of the pixels of large images; small ones are the standard allocator's.
class PixelAllocator final : public cv::MatAllocator {
 public:
  cv::UMatData* allocate(int dims, const int* sizes, int type, void* data, size_t* steps,
                         cv::AccessFlag flags, cv::UMatUsageFlags usage) const override {
    size_t bytes = CV_ELEM_SIZE(type);
    for (int i = 0; i < dims; ++i) bytes *= static_cast<size_t>(sizes[i]);
    if (data != nullptr || bytes < size_t{kLarge}) {
      return standard().allocate(dims, sizes, type, data, steps, flags, usage);
    }
    void* taken = pool().allocate(bytes);
    if (taken == nullptr) throw std::bad_alloc();
    size_t step = CV_ELEM_SIZE(type);
    for (int i = dims - 1; i >= 0; --i) {
      if (steps != nullptr) steps[i] = step;
      step *= static_cast<size_t>(sizes[i]);
    }
    auto* made = new cv::UMatData(this);
    made->data = made->origdata = static_cast<uchar*>(taken);
    made->size = bytes;
    return made;
  }

  bool allocate(cv::UMatData* made, cv::AccessFlag /*flags*/,
                cv::UMatUsageFlags /*usage*/) const override {
    return made != nullptr;
  }

  void deallocate(cv::UMatData* made) const override {
    if (made == nullptr) return;
    pool().give_back(made->origdata);
    delete made;
  }

 private:
  static cv::MatAllocator& standard() { return *cv::Mat::getStdAllocator(); }
};

constexpr int kLargestInHeap = 1 << 25;  ///< the most that malloc takes
constexpr int kKeptFreeInHeap = 1 << 26;

}  // namespace

void pool_buffers(int64_t most_kept, int64_t most_in_all) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, kLargestInHeap);
  mallopt(M_TRIM_THRESHOLD, kKeptFreeInHeap);
#endif
  static auto& kTensors = *new TensorAllocator;
  static auto& kPixels = *new PixelAllocator;
  pool().set_bounds(static_cast<size_t>(most_kept), static_cast<size_t>(most_in_all));
  c10::SetCPUAllocator(&kTensors);
  cv::Mat::setDefaultAllocator(&kPixels);
}

}  // namespace solstice
