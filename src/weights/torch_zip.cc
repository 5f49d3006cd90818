#include "weights/torch_zip.h"

#include <unordered_set>

#include "weights/elements.h"
#include "weights/failure.h"
#include "weights/pickle.h"
#include "weights/pickle_writer.h"
#include "weights/torch_tensor.h"
#include "weights/zip_archive.h"

namespace solstice {
namespace {

constexpr std::string_view kPickleName = "data.pkl";

/// "TOP/", found by the one member TOP/data.pkl: the top folder's name is the saver's choice.
std::string_view top_folder(const ZipArchive& archive) {
  const ZipMember* found = nullptr;
  for (const ZipMember& member : archive.members()) {
    const size_t slash = member.name.find('/');
    if (slash == std::string_view::npos || member.name.substr(slash + 1) != kPickleName) continue;
    if (found != nullptr) fail_weights("is a zip file with more than one ", kPickleName);
    found = &member;
  }
  if (found == nullptr) {
    fail_weights("is a zip file without ", kPickleName, ", expected one that torch.save wrote");
  }
  const std::string_view top = found->name.substr(0, found->name.size() - kPickleName.size());
  if (archive.find(std::string(top) + "constants.pkl") != nullptr) {
    fail_weights("is a TorchScript program, expected weights: torch.save(module.state_dict())");
  }
  return top;
}

std::string state_dict_pickle(const TensorList& tensors) {
  PickleWriter pickle;
  pickle.global("collections", "OrderedDict").op(')').op('R').op('(');
  int64_t key = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::vector<int64_t> sizes = tensor.sizes().vec();
    pickle.text(name).global("torch._utils", "_rebuild_tensor_v2").op('(').op('(');
    pickle.text("storage").global("torch", element_by_type(tensor.scalar_type()).storage);
    pickle.text(std::to_string(key++)).text("cpu").integer(tensor.numel()).op('t').op('Q');
    pickle.integer(0).integer_tuple(sizes).integer_tuple(contiguous_layout(sizes).strides);
    pickle.boolean(false).global("collections", "OrderedDict").op(')').op('R').op('t').op('R');
  }
  return pickle.op('u').finish();
}

}  // namespace

bool is_torch_zip(std::string_view bytes) { return bytes.starts_with("PK\x03\x04"); }

WeightFile read_torch_zip(std::string_view bytes) {
  ByteBudget unpacked(bytes.size());
  ByteBudget tensors(bytes.size());
  ZipArchive archive(bytes, unpacked);
  const std::string top(top_folder(archive));
  const ZipMember* order = archive.find(top + "byteorder");
  if (order != nullptr && archive.read(*order) != "little") {
    fail_weights("has the byte order ", in_quotes(archive.read(*order)), ", expected little");
  }
  const Pickle pickle = read_pickle(archive.read(*archive.find(top + std::string(kPickleName))), 0);
  const auto find = [&](const StorageReference& storage) {
    const ZipMember* member = archive.find(top + "data/" + std::string(storage.key));
    if (member == nullptr) fail_weights("has no record data/", storage.key);
    if (member->size != storage.bytes()) {
      fail_weights("has a record of ", member->size, " bytes, expected ", storage.bytes());
    }
    return archive.read(*member);
  };
  WeightFile weights;
  read_state_dict(*pickle.root, find, tensors, weights);
  return weights;
}

std::string write_torch_zip(const WeightFile& weights) {
  std::unordered_set<std::string_view> seen;
  for (const auto& [name, tensor] : weights.tensors) {
    if (!seen.insert(name).second) fail_weights("would hold two tensors named ", in_quotes(name));
  }
  ZipWriter zip;
  zip.add("archive/data.pkl", state_dict_pickle(weights.tensors));
  zip.add("archive/byteorder", "little");
  int64_t key = 0;
  for (const auto& [name, tensor] : weights.tensors) {
    at::Tensor kept;
    zip.add("archive/data/" + std::to_string(key++), tensor_bytes(tensor, kept));
  }
  zip.add("archive/version", "3\n");
  return zip.finish();
}

}  // namespace solstice
