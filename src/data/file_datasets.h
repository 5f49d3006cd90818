#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/image_source.h"

namespace solstice {

/// A file relative to options.data, or as it is when it lies elsewhere: what samples are called.
std::string name_of_file(const std::filesystem::path& file, const DataOptions& options);

/// The data sets that read image files. Paths are taken as they are, names are written relative to
/// options.data. All files were checked before; one that changed since is an error of get().
/// Data sets may share a cache, which may be null.
std::unique_ptr<Dataset> make_side_by_side(const DataOptions& options,
                                           std::shared_ptr<ImageCache> cache,
                                           std::vector<std::filesystem::path> files);

/// b[i] belongs to a[i].
std::unique_ptr<Dataset> make_paired(const DataOptions& options, std::shared_ptr<ImageCache> cache,
                                     std::vector<std::filesystem::path> a,
                                     std::vector<std::filesystem::path> b);

/// As long as the longer list; the input list is repeated when it is the shorter one.
std::unique_ptr<Dataset> make_unpaired(const DataOptions& options,
                                       std::shared_ptr<ImageCache> cache,
                                       std::vector<std::filesystem::path> a,
                                       std::vector<std::filesystem::path> b);

/// The left half of every file with the right half of another one.
std::unique_ptr<Dataset> make_unpaired_halves(const DataOptions& options,
                                              std::shared_ptr<ImageCache> cache,
                                              std::vector<std::filesystem::path> files);

/// Every file is a target; its input is made from it as options.inputs says. get_centre() takes
/// more than a crop unless inputs are grey: up to 512 pixels of a side, from the middle.
std::unique_ptr<Dataset> make_from_images(const DataOptions& options,
                                          std::shared_ptr<ImageCache> cache,
                                          std::vector<std::filesystem::path> files);

/// The samples of a data set, `times` one after the other: get() draws anew each time.
std::unique_ptr<Dataset> make_repeated(std::unique_ptr<Dataset> dataset, int64_t times);

/// The same samples, but get() is get_centre(): it draws nothing.
std::unique_ptr<Dataset> make_centred(std::unique_ptr<Dataset> dataset);

}  // namespace solstice
