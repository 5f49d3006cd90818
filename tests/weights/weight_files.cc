#include "weights/weight_files.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "core/error.h"
#include "weights/elements.h"

namespace solstice::testing {
namespace {

template <class T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string deflated(const std::string& plain) {
  std::string packed(compressBound(plain.size()), '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

struct PackedMember {
  uint32_t crc;
  std::string packed;
  uint32_t size;
};

PackedMember pack(const RawMember& member) {
  const auto* data = reinterpret_cast<const Bytef*>(member.payload.data());
  const auto crc = static_cast<uint32_t>(crc32_z(0, data, member.payload.size()));
  const int64_t size = static_cast<int64_t>(member.payload.size());
  return {crc ^ member.crc_error, member.deflate ? deflated(member.payload) : member.payload,
          static_cast<uint32_t>(member.claimed_size < 0 ? size : member.claimed_size)};
}

void put_header(std::string& zip, const RawMember& member, const PackedMember& packed,
                uint32_t size, const std::string& name) {
  put(zip, uint16_t{20});
  put(zip, uint16_t{0});
  put(zip, static_cast<uint16_t>(member.deflate ? 8 : 0));
  put(zip, uint32_t{0});
  put(zip, packed.crc);
  put(zip, static_cast<uint32_t>(packed.packed.size()));
  put(zip, size);
  put(zip, static_cast<uint16_t>(name.size()));
  put(zip, uint16_t{0});
}

}  // namespace

void put_tensor(PickleWriter& pickle, const DescribedTensor& tensor) {
  pickle.global("torch._utils", "_rebuild_tensor_v2").op('(').op('(').text("storage");
  pickle.global("torch", tensor.storage_class).text(tensor.key).text("cuda:0");
  pickle.integer(tensor.storage_elements).op('t').op('Q').integer(tensor.offset);
  pickle.integer_tuple(tensor.sizes).integer_tuple(tensor.strides).boolean(false);
  pickle.global("collections", "OrderedDict").op(')').op('R').op('t').op('R');
}

std::string pickle_of(const std::vector<DescribedTensor>& tensors) {
  PickleWriter pickle;
  pickle.op('}').op('(');
  for (const DescribedTensor& tensor : tensors) {
    pickle.text(tensor.name);
    put_tensor(pickle, tensor);
  }
  return pickle.op('u').finish();
}

std::string zip_of(const std::vector<RawMember>& members) {
  std::string zip;
  std::string directory;
  for (const RawMember& member : members) {
    const PackedMember packed = pack(member);
    const auto begin = static_cast<uint32_t>(zip.size());
    const std::string& local = member.local_name.empty() ? member.name : member.local_name;
    put(zip, uint32_t{0x04034b50});
    put_header(zip, member, packed,
               member.claimed_local < 0 ? packed.size : static_cast<uint32_t>(member.claimed_local),
               local);
    zip += local + packed.packed;
    put(directory, uint32_t{0x02014b50});
    put(directory, uint16_t{20});
    put_header(directory, member, packed, packed.size, member.name);
    directory.append(10, '\0');
    put(directory, begin);
    directory += member.name;
  }
  const auto begin = static_cast<uint32_t>(zip.size());
  zip += directory;
  put(zip, uint32_t{0x06054b50});
  put(zip, uint32_t{0});
  put(zip, static_cast<uint16_t>(members.size()));
  put(zip, static_cast<uint16_t>(members.size()));
  put(zip, static_cast<uint32_t>(directory.size()));
  put(zip, begin);
  put(zip, uint16_t{0});
  return zip;
}

std::string zip_pth(const std::string& pickle, const std::vector<std::string>& records) {
  std::vector<RawMember> members{{.name = "top/data.pkl", .payload = pickle}};
  for (size_t i = 0; i < records.size(); ++i) {
    members.push_back({.name = "top/data/" + std::to_string(i), .payload = records[i]});
  }
  return zip_of(members);
}

std::string legacy_pth(const std::string& object, const std::vector<LegacyStorage>& storages) {
  std::string file("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", 21);
  file += PickleWriter().op('}').text("little_endian").boolean(true).op('s').finish();
  file += object;
  PickleWriter keys;
  keys.op(']').op('(');
  for (const LegacyStorage& storage : storages) keys.text(storage.key);
  file += keys.op('e').finish();
  for (const LegacyStorage& storage : storages) {
    put(file, storage.count);
    file += storage.bytes;
  }
  return file;
}

std::string safetensors_of(const std::string& json, size_t buffer_bytes) {
  std::string file;
  put(file, static_cast<uint64_t>(json.size()));
  return file + json + std::string(buffer_bytes, '\0');
}

std::string complaint(const std::string& bytes) {
  try {
    read_weights(bytes, "the-file");
    return "";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::kWeights) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_TRUE(text.starts_with("the-file: ")) << text;
    return text;
  }
}

TensorList tensors_of_all_kinds() {
  TensorList tensors;
  for (const ElementType& element : element_types()) {
    for (const std::vector<int64_t>& sizes :
         std::vector<std::vector<int64_t>>{{}, {0}, {3, 0, 2}, {5}, {2, 3, 4}}) {
      at::Tensor tensor = at::empty(sizes, at::TensorOptions().dtype(element.type));
      auto* bytes = static_cast<unsigned char*>(tensor.mutable_data_ptr());
      for (size_t i = 0; i < tensor.nbytes(); ++i) {
        // All bit patterns are allowed, also those of NaN, except in a BOOL.
        const auto pattern = static_cast<unsigned char>(255 - 7 * i);
        bytes[i] = element.type == at::kBool ? pattern & 1 : pattern;
      }
      tensors.emplace_back(std::string(element.safetensors) + "." + std::to_string(tensors.size()),
                           tensor);
    }
  }
  return tensors;
}

bool same_tensor(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && b.is_contiguous() &&
         (a.nbytes() == 0 || std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0);
}

}  // namespace solstice::testing
