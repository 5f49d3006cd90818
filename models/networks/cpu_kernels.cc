#include "models/networks/cpu_kernels.h"

#include <cstddef>
#include <utility>

// The same loops for three instruction sets. A pragma instead of compiler flags keeps inline
// functions of other headers, which the linker shares between files, out of it.
#define SOLSTICE_KERNELS                                                                          \
  CpuKernels kernels() {                                                                          \
    return {                                                                                      \
        kLanes > 4,                                                                               \
        multiply,                                                                                 \
        {image_to_spectrum<6, input_step>, spectrum_to_outputs,                                   \
         image_to_spectrum<4, output_adjoint_step>, add_spectrum_to_inputs, weight_to_spectrum,   \
         spectrum_to_weight},                                                                     \
        {phases_to_spectrum<1>, phases_to_spectrum<2>, spectrum_to_phases<1>,                     \
         spectrum_to_phases<2>},                                                                  \
        {norm_statistics<float>, norm_apply<float>, norm_gradient_sums<float>,                    \
         norm_gradient<float>},                                                                   \
        {norm_statistics<Bf16>, norm_apply<Bf16>, norm_gradient_sums<Bf16>, norm_gradient<Bf16>}, \
        grade<uint8_t>,                                                                           \
        grade<uint16_t>};                                                                         \
  }

namespace solstice {
namespace {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SOLSTICE_X86_KERNELS
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma")
namespace avx512 {
#define SOLSTICE_LANES 16
#include "models/networks/cpu_kernels.inc"
SOLSTICE_KERNELS
#undef SOLSTICE_LANES
}  // namespace avx512
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#define SOLSTICE_LANES 8
#include "models/networks/cpu_kernels.inc"
SOLSTICE_KERNELS
#undef SOLSTICE_LANES
}  // namespace avx2
#pragma GCC pop_options
#endif

namespace portable {
#define SOLSTICE_LANES 4
#include "models/networks/cpu_kernels.inc"
SOLSTICE_KERNELS
#undef SOLSTICE_LANES
}  // namespace portable

CpuKernels best_kernels() {
#ifdef SOLSTICE_X86_KERNELS
  if (has_avx512()) return avx512::kernels();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::kernels();
#endif
  return portable::kernels();
}

}  // namespace

bool has_avx512() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
  return false;
#endif
}

const CpuKernels& cpu_kernels() {
  static const CpuKernels kKernels = best_kernels();
  return kKernels;
}

}  // namespace solstice
