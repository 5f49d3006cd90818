#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace solstice::testing {

/// What the fake accelerator has seen, since the program began.
struct AcceleratorCounts {
  int64_t host_reads = 0;        ///< copies to the host and item(): each makes a GPU's host wait
  int64_t pinned_uploads = 0;    ///< non-blocking copies from pinned memory: none waits
  int64_t pageable_uploads = 0;  ///< other copies from the host: a GPU's host waits
  int64_t live_allocations = 0;  ///< now
};
AcceleratorCounts accelerator_counts();

/// From now on an allocation that would make the device hold more bytes throws LibTorch's
/// OutOfMemoryError, as a GPU's does. 0: no limit.
void limit_accelerator_memory(int64_t bytes);

/// The device "fake:0": LibTorch's PrivateUse1, registered on the first call. Every operator is
/// computed by the CPU's own kernel, so numbers equal the CPU's, but as on a GPU
///  - an operator that is given tensors of both places throws;
///  - its memory cannot be touched by the host: a raw pointer into it is no address, and reading
///    through it ends the program with SIGSEGV;
///  - what makes the host wait is counted.
/// Link this file into a program of its own: the device stays registered.
at::Device fake_accelerator();

}  // namespace solstice::testing
