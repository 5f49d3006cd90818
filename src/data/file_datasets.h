#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "data/dataset.h"

namespace solstice {

/// The data sets that read image files. Paths are taken as they are, names are written relative to
/// options.data. All files were checked before; one that changed since is an error of get().
std::unique_ptr<Dataset> make_side_by_side(const DataOptions& options,
                                           std::vector<std::filesystem::path> files);

/// b[i] belongs to a[i].
std::unique_ptr<Dataset> make_paired(const DataOptions& options,
                                     std::vector<std::filesystem::path> a,
                                     std::vector<std::filesystem::path> b);

/// As long as the longer list; the input list is repeated when it is the shorter one.
std::unique_ptr<Dataset> make_unpaired(const DataOptions& options,
                                       std::vector<std::filesystem::path> a,
                                       std::vector<std::filesystem::path> b);

}  // namespace solstice
