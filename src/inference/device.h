#pragma once

#include <cstdint>
#include <string>

namespace solstice {

/// Checks a `--device` and makes it usable: "cpu", "cuda", "cuda:N", or "auto" (CUDA when a driver
/// and the CUDA part of LibTorch are there, else the CPU). CUDA is loaded at run time, here and
/// only here. A backend of another maker that is already in the process (LibTorch's PrivateUse1)
/// opens by the name it registered; nothing here loads one, the tests bring a made-up one. Returns
/// the device's plain name, "cpu", "cuda:N" or "<backend>:0". Throws Error(kUsage) for another word
/// and Error(kDevice) that says which part is missing.
std::string open_device(const std::string& name);

/// Threads that LibTorch and OpenCV compute with; 0 means one per processor. Called once, before
/// any work starts: float sums, and so results in their last bits, depend on the number.
void set_compute_threads(int64_t threads);

/// Threads that LibTorch computes with when the calling thread asks it to, from now on.
void set_caller_threads(int64_t threads);

/// True when this processor multiplies bfloat16 (AVX-512 BF16 or AMX): elsewhere it is emulated,
/// and slower than float32.
bool cpu_multiplies_bf16();

}  // namespace solstice
