#include "pipelines/warnings.h"

#include "core/log.h"
#include "core/message.h"

namespace solstice {
namespace {

constexpr int64_t kSaidInFull = 5;

}  // namespace

void WarningTally::note(const std::filesystem::path& file,
                        const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    if (++files_[warning] <= kSaidInFull) log_warning(message(file.string(), ": ", warning));
  }
}

void WarningTally::finish() {
  for (const auto& [warning, files] : files_) {
    if (files > kSaidInFull) log_warning(message(files - kSaidInFull, " more files: ", warning));
  }
  files_.clear();
}

}  // namespace solstice
