#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pipelines/journal.h"

/// Any bytes are nothing, or a line that is read back as it was written.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto made = solstice::parse_journal_line({reinterpret_cast<const char*>(data), size});
  if (!made) return 0;
  const auto again =
      solstice::parse_journal_line(solstice::journal_line(made->first, made->second));
  if (!again || again->first != made->first || again->second.input != made->second.input ||
      again->second.made_by != made->second.made_by) {
    std::abort();
  }
  return 0;
}
