#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "pipelines/glob.h"

/// A pattern, a line end, a path: an answer or an Error, in bounded time.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return 0;
  try {
    solstice::Glob("--include", std::string(bytes.substr(0, end))).matches(bytes.substr(end + 1));
  } catch (const solstice::Error&) {
  }
  return 0;
}
