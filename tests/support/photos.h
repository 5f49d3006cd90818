#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "image/image.h"

namespace solstice::testing {

/// A picture with something to see in it (gradients, edges, a little noise), a function of its
/// arguments alone.
Image make_photo(int width, int height, uint64_t seed);

/// `count` JPEG photos 000.jpg, 001.jpg, ... in a folder, which is made.
void make_photos(const std::filesystem::path& folder, int count, int width, int height);

/// trainA/ and trainB/ with `count` pairs; B is A darkened.
void make_pairs(const std::filesystem::path& data, int count, int width, int height);

/// Trains a very small U-Net for two steps and returns the run directory `where`.
std::filesystem::path make_run(const std::filesystem::path& where);

void write_text(const std::filesystem::path& path, const std::string& text);
std::string read_text(const std::filesystem::path& path);

/// All regular files below a folder, relative, sorted; without what `translate` keeps for itself in
/// .solstice.
std::vector<std::string> files_below(const std::filesystem::path& folder);

}  // namespace solstice::testing
