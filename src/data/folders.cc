#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/message.h"
#include "data/layouts.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

/// One of the two folders: its images by relative stem.
struct Side {
  fs::path folder;
  std::string name;  ///< "trainA"
  std::vector<fs::path> images;
  std::map<std::string, fs::path> by_stem;
  std::vector<DataProblem> same_stem;
};

Side read_side(const fs::path& data, const std::string& name) {
  Side side{data / name, name, list_images(data / name), {}, {}};
  for (const fs::path& image : side.images) {
    const std::string stem = (image.parent_path() / image.stem()).generic_string();
    const auto [first, is_new] = side.by_stem.emplace(stem, image);
    if (is_new) continue;
    side.same_stem.push_back({(side.folder / image).string(),
                              message("has the same stem as ", first->second.generic_string())});
  }
  return side;
}

size_t count_matches(const Side& a, const Side& b) {
  return static_cast<size_t>(
      std::count_if(a.by_stem.begin(), a.by_stem.end(),
                    [&](const auto& row) { return b.by_stem.contains(row.first); }));
}

void report_unmatched(const Side& side, const Side& other, std::vector<DataProblem>& problems) {
  problems.insert(problems.end(), side.same_stem.begin(), side.same_stem.end());
  for (const auto& [stem, image] : side.by_stem) {
    if (!other.by_stem.contains(stem)) {
      problems.push_back({(side.folder / image).string(), "has no partner in " + other.name});
    }
  }
}

Layout pair_by_stem(const Side& a, const Side& b) {
  Layout layout;
  layout.arrangement = Arrangement::kPairs;
  layout.reading = message("paired by stem: ", a.name, " + ", b.name);
  for (const auto& [stem, image] : a.by_stem) {
    const auto partner = b.by_stem.find(stem);
    if (partner == b.by_stem.end()) continue;
    layout.a.push_back(a.folder / image);
    layout.b.push_back(b.folder / partner->second);
  }
  report_unmatched(a, b, layout.problems);
  report_unmatched(b, a, layout.problems);
  return layout;
}

Layout leave_unpaired(const Side& a, const Side& b, const std::string& why) {
  Layout layout;
  layout.arrangement = Arrangement::kUnpaired;
  layout.reading = message("unpaired", why, ": ", a.name, " + ", b.name);
  for (const fs::path& image : a.images) layout.a.push_back(a.folder / image);
  for (const fs::path& image : b.images) layout.b.push_back(b.folder / image);
  return layout;
}

}  // namespace

std::optional<Layout> read_folders(const DataOptions& options, const std::string& split,
                                   Pairing wanted) {
  const fs::path data = options.data;
  const bool has_a = fs::is_directory(data / (split + "A"));
  const bool has_b = fs::is_directory(data / (split + "B"));
  if (!has_a && !has_b) return std::nullopt;
  if (!has_a || !has_b) {
    const std::string found = split + (has_a ? "A" : "B");
    const std::string missing = split + (has_a ? "B" : "A");
    throw Error(ErrorKind::kInput, message(options.data, ": has ", found, " but no ", missing));
  }
  const Side a = read_side(data, split + "A");
  const Side b = read_side(data, split + "B");
  if (a.images.empty() || b.images.empty()) {
    throw Error(ErrorKind::kInput,
                message(options.data, ": ", a.name, " has ", a.images.size(), " images, ", b.name,
                        " has ", b.images.size(), "; looked for ", image_extensions()));
  }
  if (wanted == Pairing::kUnpaired) return leave_unpaired(a, b, ", as the trainer asks");
  const size_t matches = count_matches(a, b);
  const bool paired = matches > 0 && 2 * matches >= std::min(a.images.size(), b.images.size());
  if (paired) return pair_by_stem(a, b);
  return leave_unpaired(a, b, message(" (", matches, " stems in common)"));
}

}  // namespace solstice
