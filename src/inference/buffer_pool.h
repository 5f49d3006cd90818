#pragma once

#include <cstdint>
#include <limits>

namespace solstice {

/// From now on LibTorch's tensors on the CPU and OpenCV's large images keep up to `most_kept` bytes
/// of freed memory for the next ones of their size, in this process, as long as these and what is
/// in use are together at most `most_in_all`. Without it an image of the usual
/// sizes is computed in pages that the system hands out and takes back anew for every layer, which
/// takes a third of the time. The least recently used goes first. What codecs free, up to 32 MiB at
/// a time, malloc keeps, up to 64 MiB a thread. Called again, it changes the bounds. Safe from any
/// thread.
void pool_buffers(int64_t most_kept, int64_t most_in_all = std::numeric_limits<int64_t>::max());

}  // namespace solstice
