#pragma once

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "core/files.h"

namespace solstice::testing {

/// The values of a NumPy file (version 1.0, C order, the machine's byte order) of known type.
template <class T>
std::vector<T> read_npy(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  const size_t header = 10 + static_cast<unsigned char>(bytes.at(8)) +
                        256 * static_cast<size_t>(static_cast<unsigned char>(bytes.at(9)));
  std::vector<T> values((bytes.size() - header) / sizeof(T));
  std::memcpy(values.data(), bytes.data() + header, values.size() * sizeof(T));
  return values;
}

}  // namespace solstice::testing
