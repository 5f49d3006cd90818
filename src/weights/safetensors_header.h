#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace solstice {

struct SafetensorsEntry {
  std::string name;
  std::string element;  ///< "F32"
  std::vector<int64_t> sizes;
  uint64_t begin = 0;  ///< within the byte buffer
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  ///< in the order of the header
  std::map<std::string, std::string> metadata;
};

/// Reads the JSON in one pass without building a tree, so that neither depth nor repetition costs
/// memory. Throws Error(kWeights) for anything but the format's own shape: unknown or missing
/// fields, names that occur twice, metadata that is not text.
SafetensorsHeader read_safetensors_header(std::string_view json);

}  // namespace solstice
