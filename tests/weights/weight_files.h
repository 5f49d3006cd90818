#pragma once

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "weights/pickle_writer.h"
#include "weights/weights.h"

namespace solstice::testing {

inline const std::string kTwoFloats(8, '\1');

/// A tensor as a hostile or honest file describes it.
struct DescribedTensor {
  std::string name = "weight";
  std::vector<int64_t> sizes{2};
  std::vector<int64_t> strides{1};
  int64_t offset = 0;
  int64_t storage_elements = 2;
  std::string key = "0";
  std::string storage_class = "FloatStorage";
};

/// Appends the value of torch._utils._rebuild_tensor_v2.
void put_tensor(PickleWriter& pickle, const DescribedTensor& tensor);

/// The pickle of {name: tensor, ...}.
std::string pickle_of(const std::vector<DescribedTensor>& tensors);

/// One member of a zip file, with every field that a liar could set.
struct RawMember {
  std::string name = {};
  std::string payload = {};
  bool deflate = false;
  int64_t claimed_size = -1;    ///< in both headers; -1: the truth
  int64_t claimed_local = -1;   ///< in the local header only
  std::string local_name = {};  ///< empty: the same
  uint32_t crc_error = 0;       ///< xor-ed into the checksum
};
std::string zip_of(const std::vector<RawMember>& members);

/// A zip .pth with this data.pkl and the records data/0, data/1, ...
std::string zip_pth(const std::string& pickle, const std::vector<std::string>& records);

/// A legacy .pth with this object pickle; storages as key and elements of float32.
struct LegacyStorage {
  std::string key = "0";
  int64_t count = 2;
  std::string bytes = std::string(8, '\1');
};
std::string legacy_pth(const std::string& object, const std::vector<LegacyStorage>& storages);

/// A safetensors file of this header and so many zero bytes.
std::string safetensors_of(const std::string& json, size_t buffer_bytes);

/// What read_weights says about the bytes: "" when it reads them, else the error's text. The test
/// fails where the error is of another kind, has more than one line, or lacks the name.
std::string complaint(const std::string& bytes);

/// One tensor of each element type, with and without elements, with and without dimensions.
TensorList tensors_of_all_kinds();

/// Bytes, type and sizes are the same.
bool same_tensor(const at::Tensor& a, const at::Tensor& b);

}  // namespace solstice::testing

#define EXPECT_COMPLAINT(bytes, part)                                     \
  do {                                                                    \
    const std::string said = solstice::testing::complaint(bytes);         \
    EXPECT_NE(said.find(part), std::string::npos) << "it said: " << said; \
  } while (false)
