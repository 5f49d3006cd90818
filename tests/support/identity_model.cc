#include "support/identity_model.h"

#include <array>
#include <cstring>
#include <string>

#include "support/photos.h"

namespace solstice::testing {
namespace {

template <class T, size_t N>
std::string bytes_of(const std::array<T, N>& values) {
  std::string bytes(sizeof(values), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

std::filesystem::path make_identity_model(const std::filesystem::path& path) {
  const std::array<float, 18> positive_and_negative{1,  0, 0, 0, 1,  0, 0, 0, 1,
                                                    -1, 0, 0, 0, -1, 0, 0, 0, -1};
  const std::array<float, 18> difference{1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1};
  const std::string header =
      R"({"model.0.weight":{"dtype":"F32","shape":[6,3,1,1],"data_offsets":[0,72]},)"
      R"("model.0.bias":{"dtype":"F32","shape":[6],"data_offsets":[72,96]},)"
      R"("model.2.weight":{"dtype":"F32","shape":[3,6,1,1],"data_offsets":[96,168]},)"
      R"("model.2.bias":{"dtype":"F32","shape":[3],"data_offsets":[168,180]}})";
  write_text(path, bytes_of(std::array<uint64_t, 1>{header.size()}) + header +
                       bytes_of(positive_and_negative) + bytes_of(std::array<float, 6>{}) +
                       bytes_of(difference) + bytes_of(std::array<float, 3>{}));
  return path;
}

std::filesystem::path make_colour_model(const std::filesystem::path& path) {
  const std::string header =
      R"({"model.0.weight":{"dtype":"F32","shape":[1,1,1,1],"data_offsets":[0,4]},)"
      R"("model.0.bias":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)"
      R"("model.2.weight":{"dtype":"F32","shape":[2,1,1,1],"data_offsets":[8,16]},)"
      R"("model.2.bias":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}})";
  // relu(x + 1) is L / 50, so a is from -0.2 to 0.8 and b from -0.7 to 0.5 of 110.
  const std::array<float, 6> values{1, 1, 0.5F, 0.6F, -0.2F, -0.7F};
  write_text(path, bytes_of(std::array<uint64_t, 1>{header.size()}) + header + bytes_of(values));
  return path;
}

}  // namespace solstice::testing
