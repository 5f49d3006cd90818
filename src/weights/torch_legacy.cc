#include "weights/torch_legacy.h"

#include <map>

#include "weights/byte_reader.h"
#include "weights/elements.h"
#include "weights/pickle.h"
#include "weights/torch_tensor.h"

namespace solstice {
namespace {

using Kind = PickleValue::Kind;
using namespace std::string_view_literals;

constexpr auto kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;
constexpr int64_t kProtocol = 1001;

void check_system(const PickleValue& system) {
  if (system.kind != Kind::kDict) fail_weights("has no system record, expected a dict");
  for (size_t i = 0; i + 1 < system.items.size(); i += 2) {
    const PickleValue& key = *system.items[i];
    const PickleValue& value = *system.items[i + 1];
    if (key.kind == Kind::kText && key.text == "little_endian" && value.integer != 1) {
      fail_weights("was written on a big-endian machine, expected little-endian");
    }
  }
}

/// The storages the object refers to, by key. One key must always mean the same storage.
std::map<std::string_view, StorageReference> storages_by_key(const Pickle& object) {
  std::map<std::string_view, StorageReference> storages;
  for (const PickleValue* value : object.storages) {
    const StorageReference storage = storage_reference(*value);
    const auto [known, is_new] = storages.emplace(storage.key, storage);
    if (!is_new &&
        (known->second.element != storage.element || known->second.elements != storage.elements)) {
      fail_weights("describes the storage ", in_quotes(storage.key), " in two ways");
    }
  }
  return storages;
}

/// The elements of every storage: they follow the pickles in the order of the key list.
std::map<std::string_view, std::string_view> read_storages(std::string_view bytes,
                                                           const Pickle& object) {
  const auto storages = storages_by_key(object);
  const Pickle keys = read_pickle(bytes, object.end);
  if (keys.root->kind != Kind::kList) fail_weights("has no list of storage keys");
  ByteReader reader(bytes, keys.end);
  std::map<std::string_view, std::string_view> payloads;
  for (const PickleValue* key : keys.root->items) {
    const auto found = storages.find(key->text);
    if (key->kind != Kind::kText || found == storages.end()) {
      fail_weights("lists a storage that no tensor names");
    }
    const StorageReference& storage = found->second;
    const auto count = reader.number<int64_t>("a storage");
    if (count < 0 || static_cast<uint64_t>(count) != storage.elements) {
      fail_weights("has a storage of ", count, " elements, its tensors expect ", storage.elements);
    }
    if (!payloads.emplace(storage.key, reader.take(storage.bytes(), "a storage")).second) {
      fail_weights("lists the storage ", in_quotes(storage.key), " twice");
    }
  }
  if (reader.left() != 0) fail_weights("has ", reader.left(), " bytes after its last storage");
  return payloads;
}

}  // namespace

bool is_torch_legacy(std::string_view bytes) {
  constexpr char kNewestProtocol = 5;
  return bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 0 && bytes[1] <= kNewestProtocol;
}

WeightFile read_torch_legacy(std::string_view bytes) {
  const Pickle magic = read_pickle(bytes, 0);
  if (magic.root->kind != Kind::kBigInteger || magic.root->text != kMagic) {
    fail_weights("is a Python pickle, but none that torch.save wrote");
  }
  const Pickle protocol = read_pickle(bytes, magic.end);
  if (protocol.root->kind != Kind::kInteger || protocol.root->integer != kProtocol) {
    fail_weights("has an unknown torch.save protocol, expected ", kProtocol);
  }
  const Pickle system = read_pickle(bytes, protocol.end);
  check_system(*system.root);
  const Pickle object = read_pickle(bytes, system.end);
  const auto payloads = read_storages(bytes, object);
  const auto find = [&](const StorageReference& storage) {
    const auto found = payloads.find(storage.key);
    if (found == payloads.end()) fail_weights("has no storage ", in_quotes(storage.key));
    return found->second;
  };
  WeightFile weights;
  ByteBudget budget(bytes.size());
  read_state_dict(*object.root, find, budget, weights);
  return weights;
}

}  // namespace solstice
