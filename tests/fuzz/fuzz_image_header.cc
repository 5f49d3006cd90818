#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "image/codec.h"
#include "image/exif.h"

/// Any bytes are a header with a size, or an Error(kInput); nothing else may come of them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const solstice::ImageHeader header = solstice::read_header(bytes);
    if (header.width < 1 || header.height < 1) std::abort();
    if (header.orientation < 1 || header.orientation > 8) std::abort();
  } catch (const solstice::Error& error) {
    if (error.kind() != solstice::ErrorKind::kInput) std::abort();
  }
  const int orientation = solstice::exif_orientation(bytes);
  if (orientation < 1 || orientation > 8) std::abort();
  return 0;
}
