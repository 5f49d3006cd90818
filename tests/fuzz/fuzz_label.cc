#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"
#include "pipelines/sidecars.h"

/// Any bytes are a label that grows, or an Error says why not. Pascal VOC is told from JSON by its
/// first byte; masks are read as images are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string label(reinterpret_cast<const char*>(data), size);
  try {
    solstice::scaled_label(label.starts_with('<') ? ".xml" : ".json", label, 4);
  } catch (const solstice::Error&) {
  }
  return 0;
}
