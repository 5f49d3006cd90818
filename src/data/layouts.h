#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace solstice {

enum class Arrangement {
  kSideBySide,      ///< every file of `a` holds A and B, which belong together
  kPairs,           ///< b[i] belongs to a[i]
  kUnpaired,        ///< `a` and `b` have nothing to do with each other
  kImages,          ///< `a` holds good images, the inputs are made from them
  kUnpairedHalves,  ///< as kSideBySide, but every A goes with the B of another file
};

/// Which files a data set's folder offers, before any of them was opened.
struct Layout {
  Arrangement arrangement = Arrangement::kPairs;
  std::string reading;                   ///< "paired by stem: trainA + trainB"
  std::vector<std::filesystem::path> a;  ///< sorted
  std::vector<std::filesystem::path> b;  ///< empty when the files of `a` hold both
  std::vector<DataProblem> problems;     ///< files and rows that make no sample

  bool halves() const {
    return arrangement == Arrangement::kSideBySide || arrangement == Arrangement::kUnpairedHalves;
  }
  bool paired() const {
    return arrangement == Arrangement::kSideBySide || arrangement == Arrangement::kPairs ||
           arrangement == Arrangement::kImages;
  }
};

/// Each returns nothing when the folder is not laid out its way, and throws Error(kInput) when it
/// is but cannot be used at all (one of two folders missing, no images). The layout is what
/// `wanted` asks for, but for folders without common stems, which stay unpaired.
std::optional<Layout> read_pairs_file(const DataOptions& options, const std::string& split,
                                      Pairing wanted);
std::optional<Layout> read_folders(const DataOptions& options, const std::string& split,
                                   Pairing wanted);
std::optional<Layout> read_side_by_side(const DataOptions& options, const std::string& split,
                                        Pairing wanted);

/// The images in and below the folder `split`; where there is none, for "train", those of the data
/// set's own folder that are in no folder of another split.
std::optional<Layout> read_images(const DataOptions& options, const std::string& split);

/// With options.inputs kFiles the first of the above that reads both sides and fits, in this order
/// when pairs are wanted, else the folders, then side by side, then the files that the pairs file
/// names; else read_images. max_images is applied. Throws Error(kInput) when pairs are wanted and
/// only unpaired folders are found.
std::optional<Layout> find_layout(const DataOptions& options, const std::string& split,
                                  Pairing wanted);

/// Error(kInput) that names the folder and the layouts looked for.
[[noreturn]] void throw_unknown_layout(const DataOptions& options, const std::string& split);

/// The image files (by extension) in and below a folder, relative to it, sorted. Hidden files and
/// folders are left out; links to folders are not followed. Throws
/// std::filesystem::filesystem_error, which find_layout turns into an Error.
std::vector<std::filesystem::path> list_images(const std::filesystem::path& folder);

/// ".jpg, .jpeg, ...": what list_images looks for.
std::string image_extensions();

}  // namespace solstice
