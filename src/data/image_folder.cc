#include <algorithm>
#include <string_view>

#include "core/message.h"
#include "data/layouts.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

/// "val/1.png" and "testA/1.png" belong to other splits than "train".
bool is_of_another_split(const fs::path& file) {
  constexpr std::string_view kOthers[] = {"val", "valA", "valB", "test", "testA", "testB"};
  if (!file.has_parent_path()) return false;
  return std::ranges::find(kOthers, file.begin()->native()) != std::end(kOthers);
}

}  // namespace

std::optional<Layout> read_images(const DataOptions& options, const std::string& split) {
  const fs::path data = options.data;
  const bool has_folder = fs::is_directory(data / split);
  if (!has_folder && split != "train") return std::nullopt;
  const fs::path folder = has_folder ? data / split : data;
  Layout layout;
  layout.arrangement = Arrangement::kImages;
  layout.reading = message("one folder of images: ", has_folder ? split : data.string());
  for (const fs::path& image : list_images(folder)) {
    if (has_folder || !is_of_another_split(image)) layout.a.push_back(folder / image);
  }
  if (layout.a.empty()) return std::nullopt;
  return layout;
}

}  // namespace solstice
