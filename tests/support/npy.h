#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace solstice::testing {

/// Reads a NumPy array of format version 1.0, C order, float32 or uint8: what the fixtures are.
/// Throws std::runtime_error for anything else.
inline at::Tensor load_npy(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto require = [&](bool good, const char* what) {
    if (!good) throw std::runtime_error(path.string() + ": " + what);
  };
  require(bytes.size() > 10 && bytes.compare(0, 8, std::string("\x93NUMPY\x01\x00", 8)) == 0,
          "no NumPy array of version 1.0");
  const size_t length =
      static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  const std::string header = bytes.substr(10, length);
  const bool is_float = header.find("'<f4'") != std::string::npos;
  require(is_float || header.find("'|u1'") != std::string::npos, "neither float32 nor uint8");
  require(header.find("'fortran_order': False") != std::string::npos, "not in C order");
  const size_t open = header.find('('), close = header.find(')');
  require(open != std::string::npos && close != std::string::npos, "no shape");
  std::vector<int64_t> shape;
  std::istringstream sizes(header.substr(open + 1, close - open - 1));
  for (std::string size; std::getline(sizes, size, ',');) {
    if (size.find_first_of("0123456789") != std::string::npos) shape.push_back(std::stoll(size));
  }
  at::Tensor array = at::empty(shape, is_float ? at::kFloat : at::kByte);
  require(bytes.size() == 10 + length + array.nbytes(), "another size than its header says");
  std::memcpy(array.mutable_data_ptr(), bytes.data() + 10 + length, array.nbytes());
  return array;
}

}  // namespace solstice::testing
