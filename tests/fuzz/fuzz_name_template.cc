#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/error.h"
#include "pipelines/name_template.h"

namespace {

/// The bytes up to the next line end, which the caller goes on behind.
std::string next_part(std::string_view& bytes) {
  const size_t end = std::min(bytes.find('\n'), bytes.size());
  const std::string part(bytes.substr(0, end));
  bytes.remove_prefix(std::min(end + 1, bytes.size()));
  return part;
}

}  // namespace

/// A template and its four fields, one a line: a place inside the output folder, or Error(kUsage).
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string text = next_part(bytes);
  const std::string dir = next_part(bytes), stem = next_part(bytes), ext = next_part(bytes);
  try {
    const std::filesystem::path place =
        solstice::NameTemplate(text).expand({dir, stem, ext, next_part(bytes)});
    if (place.empty() || place.is_absolute() || !place.has_filename()) std::abort();
    for (const auto& part : place) {
      if (part == ".." || part == "." || part.empty()) std::abort();
    }
  } catch (const solstice::Error& error) {
    if (error.kind() != solstice::ErrorKind::kUsage) std::abort();
  }
  return 0;
}
