#include "core/error.h"
#include "core/message.h"
#include "data/layouts.h"

namespace solstice {
namespace fs = std::filesystem;

std::optional<Layout> read_side_by_side(const DataOptions& options, const std::string& split,
                                        Pairing wanted) {
  const fs::path folder = fs::path(options.data) / split;
  if (!fs::is_directory(folder)) return std::nullopt;
  Layout layout;
  const bool paired = wanted == Pairing::kPaired;
  layout.arrangement = paired ? Arrangement::kSideBySide : Arrangement::kUnpairedHalves;
  layout.reading = message(
      paired ? "A|B side by side: " : "unpaired, as the trainer asks: the halves of ", split);
  for (const fs::path& image : list_images(folder)) layout.a.push_back(folder / image);
  if (layout.a.empty()) {
    throw Error(ErrorKind::kInput, message(folder.string(), ": no images found; looked for ",
                                           image_extensions(), " with A|B side by side"));
  }
  return layout;
}

}  // namespace solstice
