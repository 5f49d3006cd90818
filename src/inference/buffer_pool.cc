#include "inference/buffer_pool.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <malloc.h>

#include <cstdlib>
#include <list>
#include <mutex>

namespace solstice {
namespace {

constexpr size_t kAlignment = 64;

/// Before every buffer stands its size.
struct alignas(kAlignment) Header {
  size_t bytes;
};

class PoolAllocator final : public c10::Allocator {
 public:
  void set_bound(size_t most_bytes) {
    const std::lock_guard lock(mutex_);
    most_bytes_ = most_bytes;
    shrink();
  }

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, at::Device(at::kCPU)};
    Header* block = take(bytes);
    if (block == nullptr) block = make(bytes);
    return {block + 1, block + 1, &give_back, at::Device(at::kCPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

 private:
  static void give_back(void* data);

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
    free_.erase(best);
    return block;
  }

  static Header* make(size_t bytes) {
    const size_t whole = (sizeof(Header) + bytes + kAlignment - 1) / kAlignment * kAlignment;
    void* memory = std::aligned_alloc(kAlignment, whole);
    TORCH_CHECK(memory != nullptr, "can't allocate memory: ", bytes, " bytes");
    return new (memory) Header{bytes};
  }

  void keep(Header* block) {
    const std::lock_guard lock(mutex_);
    kept_ += block->bytes;
    free_.push_back(block);
    shrink();
  }

  void shrink() {
    while (kept_ > most_bytes_) {
      kept_ -= free_.front()->bytes;
      std::free(free_.front());
      free_.pop_front();
    }
  }

  std::mutex mutex_;
  std::list<Header*> free_;  ///< the least recently used first
  size_t kept_ = 0;
  size_t most_bytes_ = 0;
};

/// Never destroyed: tensors of static storage may outlive everything.
PoolAllocator& pool() {
  static auto& kPool = *new PoolAllocator;
  return kPool;
}

void PoolAllocator::give_back(void* data) {
  if (data != nullptr) pool().keep(static_cast<Header*>(data) - 1);
}

constexpr int kLargestInHeap = 1 << 25;  ///< the most that malloc takes
constexpr int kKeptFreeInHeap = 1 << 26;

}  // namespace

void pool_buffers(int64_t most_bytes) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, kLargestInHeap);
  mallopt(M_TRIM_THRESHOLD, kKeptFreeInHeap);
#endif
  pool().set_bound(static_cast<size_t>(most_bytes));
  c10::SetCPUAllocator(&pool());
}

}  // namespace solstice
