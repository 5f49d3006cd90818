#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipelines/selection.h"

namespace solstice {

/// One file to work on. Plain strings: a std::filesystem::path of five parts takes half a kilobyte,
/// and there may be a million files.
struct ListedFile {
  std::string path;      ///< as it can be opened
  std::string relative;  ///< its place: where its result goes below the output folder
};

/// What the inputs of a command come to.
struct Listing {
  std::vector<ListedFile> files;
  std::vector<ListedFile> results;  ///< of earlier runs, which lie beside their photos: left out
  /// What could not be looked into or is no image of ours, with the reason. It costs only itself.
  struct Problem {
    std::filesystem::path path;
    std::string what;
  };
  std::vector<Problem> problems;
};

/// The folder in an output folder where a run keeps what it must remember; never an input.
inline constexpr const char* kStateFolder = ".solstice";

/// The image files that the inputs name and the selection takes, in a stable order: inputs as
/// given, a folder's tree by the bytes of its names, names of `files_from` as they stand there. A
/// file given by name is taken whatever it is called, and its result goes directly into the output
/// folder; from a folder, files with the extension of a known format are taken, with their place in
/// the tree, and pictures of other formats are problems. Not taken from folders: hidden files and
/// folders (unless asked for), what is neither file nor folder, links that lead back to a folder
/// above them (or all links), `out` where it lies inside an input folder, and results of earlier
/// runs (EarlierResults) where it does not. A file named twice for the same result is taken once.
///
/// Paths of `files_from` are relative to the one input, a folder, or without one to the working
/// directory. They keep their place below it; a path that lies elsewhere (absolute, or out of it by
/// `..`) has its result directly in the output folder, so that no result leaves that.
///
/// `limit` is not looked at here. Throws Error(kInput) for an input that does not exist and
/// Error(kUsage) for a bad pattern or several inputs beside `files_from`.
Listing list_images(const std::vector<std::string>& inputs, const std::filesystem::path& out,
                    const SelectionOptions& selection = {});

}  // namespace solstice
