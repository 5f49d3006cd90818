#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace solstice {

/// One file to work on.
struct ListedFile {
  std::filesystem::path path;      ///< as it can be opened
  std::filesystem::path relative;  ///< where its result goes below the output folder
};

/// What the inputs of a command come to.
struct Listing {
  std::vector<ListedFile> files;
  /// What could not be looked into, with the reason. It costs only what is in it.
  struct Problem {
    std::filesystem::path path;
    std::string what;
  };
  std::vector<Problem> problems;
};

/// The image files that the inputs name, in a stable order: inputs as given, a folder's tree by
/// the bytes of its names. A file given by name is taken whatever it is called, and its result goes
/// directly into the output folder; from a folder, files with the extension of a known format are
/// taken, with their place in the tree. Not taken from folders: hidden files and folders, what is
/// neither file nor folder, links that lead back to a folder above them, and `out` where it lies
/// inside an input folder. A file named twice for the same result is taken once.
/// Throws Error(kInput) for an input that does not exist.
Listing list_images(const std::vector<std::string>& inputs, const std::filesystem::path& out);

}  // namespace solstice
