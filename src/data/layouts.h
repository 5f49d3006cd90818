#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace solstice {

enum class Arrangement { kSideBySide, kPairs, kUnpaired };

/// Which files a data set's folder offers, before any of them was opened.
struct Layout {
  Arrangement arrangement = Arrangement::kPairs;
  std::string reading;                   ///< "paired by stem: trainA + trainB"
  std::vector<std::filesystem::path> a;  ///< sorted; kSideBySide: files that hold both
  std::vector<std::filesystem::path> b;  ///< kPairs: b[i] belongs to a[i]; kSideBySide: empty
  std::vector<DataProblem> problems;     ///< files and rows that make no sample
};

/// Each returns nothing when the folder is not laid out its way, and throws Error(kInput) when it
/// is but cannot be used at all (one of two folders missing, no images).
std::optional<Layout> read_pairs_file(const DataOptions& options, const std::string& split);
std::optional<Layout> read_folders(const DataOptions& options, const std::string& split);
std::optional<Layout> read_side_by_side(const DataOptions& options, const std::string& split);

/// The first of the above that fits, with max_images applied.
std::optional<Layout> find_layout(const DataOptions& options, const std::string& split);

/// Error(kInput) that names the folder and the layouts looked for.
[[noreturn]] void throw_unknown_layout(const DataOptions& options, const std::string& split);

/// The image files (by extension) in and below a folder, relative to it, sorted. Hidden files and
/// folders are left out; links to folders are not followed. Throws
/// std::filesystem::filesystem_error, which find_layout turns into an Error.
std::vector<std::filesystem::path> list_images(const std::filesystem::path& folder);

/// ".jpg, .jpeg, ...": what list_images looks for.
std::string image_extensions();

}  // namespace solstice
