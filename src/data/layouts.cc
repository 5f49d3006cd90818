#include "data/layouts.h"

#include <algorithm>

#include "core/error.h"
#include "core/message.h"
#include "core/names.h"
#include "image/codec.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

using LayoutReader = std::optional<Layout> (*)(const DataOptions&, const std::string&, Pairing);
constexpr LayoutReader kForPairs[] = {read_pairs_file, read_folders, read_side_by_side};
constexpr LayoutReader kForUnpaired[] = {read_folders, read_side_by_side, read_pairs_file};

void keep_the_first(Layout& layout, int64_t limit) {
  if (limit == 0) return;
  layout.a.resize(std::min(layout.a.size(), static_cast<size_t>(limit)));
  layout.b.resize(std::min(layout.b.size(), static_cast<size_t>(limit)));
}

[[noreturn]] void throw_no_pairs(const DataOptions& options, const Layout& found) {
  throw Error(ErrorKind::kInput,
              message(options.data, ": needs pairs, found: ", found.reading, ", ", found.a.size(),
                      " and ", found.b.size(), " images; give both files of a pair the same name, ",
                      "name the pairs in pairs.tsv, or take a trainer that needs no pairs"));
}

/// For a folder of images that was meant to be learnt from alone.
std::string hint_at_images(const std::string& folder) {
  const std::vector<fs::path> images = list_images(folder);
  const auto lie_in_it =
      std::ranges::count_if(images, [](const fs::path& image) { return !image.has_parent_path(); });
  if (lie_in_it == 0) return "";
  return message("; the images in the folder itself (", lie_in_it,
                 ") are a data set for --inputs shrunk, degraded or grey, which make the other ",
                 "side from them (recipes superres_x2, superres_photo, colorize)");
}

void require_folder(const std::string& folder) {
  if (folder.empty()) {
    throw Error(ErrorKind::kUsage, "--data is missing: name the data set's folder");
  }
  std::error_code reason;
  if (!fs::is_directory(folder, reason)) {
    throw Error(ErrorKind::kInput,
                message("--data ", folder, ": ",
                        fs::exists(folder, reason) ? "is no folder" : "does not exist"));
  }
}

}  // namespace

std::vector<fs::path> list_images(const fs::path& folder) {
  std::vector<fs::path> images;
  for (fs::recursive_directory_iterator it(folder), end; it != end; ++it) {
    const fs::path& path = it->path();
    const bool hidden = path.filename().string().starts_with('.');
    std::error_code dangling;  // a link to nowhere is listed and found out with the headers
    if (it->is_directory(dangling)) {
      if (hidden) it.disable_recursion_pending();
    } else if (!hidden && format_of_extension(path.extension().string())) {
      images.push_back(path.lexically_relative(folder));
    }
  }
  std::sort(images.begin(), images.end(), [](const fs::path& left, const fs::path& right) {
    return left.generic_string() < right.generic_string();
  });
  return images;
}

std::string image_extensions() {
  std::vector<std::string> extensions;
  for (const ImageFormatRow& row : image_formats()) {
    extensions.insert(extensions.end(), row.extensions.begin(), row.extensions.end());
  }
  return join(extensions);
}

std::optional<Layout> find_layout(const DataOptions& options, const std::string& split,
                                  Pairing wanted) try {
  require_folder(options.data);
  if (options.inputs != Inputs::kFiles) {
    std::optional<Layout> layout = read_images(options, split);
    if (layout) keep_the_first(*layout, options.max_images);
    return layout;
  }
  const bool pairs = wanted == Pairing::kPaired;
  std::optional<Layout> without_pairs;
  for (const LayoutReader read : pairs ? kForPairs : kForUnpaired) {
    std::optional<Layout> layout = read(options, split, wanted);
    if (!layout) continue;
    if (layout->paired() == pairs) {
      keep_the_first(*layout, options.max_images);
      return layout;
    }
    without_pairs = std::move(layout);
  }
  if (without_pairs) throw_no_pairs(options, *without_pairs);
  return std::nullopt;
} catch (const fs::filesystem_error& error) {
  throw Error(ErrorKind::kInput,
              message(error.path1().string(), ": cannot be read: ", error.code().message()));
}

void throw_unknown_layout(const DataOptions& options, const std::string& split) {
  if (options.inputs != Inputs::kFiles) {
    throw Error(ErrorKind::kInput,
                message(options.data, ": no images found in it or in its folder ", split,
                        "; looked for ", image_extensions()));
  }
  const std::string pairs = options.pairs.empty() ? "pairs.tsv" : options.pairs;
  throw Error(ErrorKind::kInput,
              message(options.data, ": no '", split, "' images found. Looked for ", pairs,
                      " with rows for '", split, "', for the folders ", split, "A + ", split,
                      "B, and for the folder ", split, " with A|B side by side",
                      hint_at_images(options.data)));
}

bool has_split(const DataOptions& options, const std::string& split) {
  return find_layout(options, split, Pairing::kUnpaired).has_value();  // takes every layout
}

}  // namespace solstice
