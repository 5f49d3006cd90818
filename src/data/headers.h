#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "image/image.h"

namespace solstice {

/// What the first bytes of a file say, or why it cannot be an input.
struct CheckedFile {
  std::optional<ImageHeader> header;
  std::string problem;  ///< "is empty", when there is no header
};

/// Reads every header, in parallel, decoding nothing. Result i belongs to file i.
std::vector<CheckedFile> check_files(std::span<const std::filesystem::path> files);

}  // namespace solstice
