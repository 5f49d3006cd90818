#include "core/error.h"
#include "weights/safetensors.h"
#include "weights/unwrap.h"

/// Any bytes give weights or an Error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    solstice::WeightFile weights =
        solstice::read_safetensors({reinterpret_cast<const char*>(data), size});
    solstice::drop_common_prefixes(weights);
  } catch (const solstice::Error&) {
  }
  return 0;
}
