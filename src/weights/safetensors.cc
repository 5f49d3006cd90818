#include "weights/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_set>

#include "weights/byte_reader.h"
#include "weights/elements.h"
#include "weights/safetensors_header.h"

namespace solstice {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMostHeaderBytes = 100'000'000;
constexpr uint64_t kHeaderAlignment = 8;

/// Throws unless the entries cover the buffer exactly.
void check_offsets(const std::vector<SafetensorsEntry>& entries, uint64_t buffer_bytes) {
  std::vector<const SafetensorsEntry*> by_offset;
  by_offset.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) by_offset.push_back(&entry);
  std::ranges::sort(by_offset, {}, [](const auto* e) { return std::pair(e->begin, e->end); });
  uint64_t expected = 0;
  for (const SafetensorsEntry* entry : by_offset) {
    if (entry->begin != expected || entry->end < entry->begin) {
      fail_weights("tensor ", in_quotes(entry->name), " lies at [", entry->begin, ", ", entry->end,
                   "), expected it to begin at ", expected);
    }
    expected = entry->end;
  }
  if (expected > buffer_bytes) {
    fail_weights("is cut off: its tensors need ", expected, " bytes after the header, there are ",
                 buffer_bytes);
  }
  if (expected < buffer_bytes) {
    fail_weights("has ", buffer_bytes - expected, " bytes that belong to no tensor");
  }
}

at::Tensor read_entry(const SafetensorsEntry& entry, std::string_view buffer, ByteBudget& budget) {
  const ElementType* element = element_by_safetensors(entry.element);
  if (element == nullptr) {
    fail_weights("has the element type ", in_quotes(entry.element), ", expected one of ",
                 element_names());
  }
  const uint64_t bytes = checked_count(entry.sizes) * element->bytes;
  if (bytes != entry.end - entry.begin) {
    fail_weights("has ", entry.end - entry.begin, " bytes, its shape and type need ", bytes);
  }
  return tensor_from_storage(*element, contiguous_layout(entry.sizes),
                             buffer.substr(entry.begin, bytes), budget);
}

/// The tensors' indices in the order their data is written.
std::vector<size_t> data_order(const TensorList& tensors) {
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](size_t i) {
    return element_by_type(tensors[i].second.scalar_type()).bytes;
  });
  return order;
}

nlohmann::ordered_json describe(const at::Tensor& tensor, uint64_t begin) {
  const ElementType& element = element_by_type(tensor.scalar_type());
  const uint64_t bytes = static_cast<uint64_t>(tensor.numel()) * element.bytes;
  nlohmann::ordered_json entry;
  entry["dtype"] = element.safetensors;
  entry["shape"] = tensor.sizes().vec();
  entry["data_offsets"] = {begin, begin + bytes};
  return entry;
}

std::string header_json(const WeightFile& weights, const std::vector<size_t>& order) {
  std::vector<uint64_t> begins(order.size());
  uint64_t begin = 0;
  for (const size_t i : order) {
    begins[i] = begin;
    begin += weights.tensors[i].second.nbytes();
  }
  // Written piece by piece: an ordered JSON object would search all its keys for each new one.
  std::string json = "{";
  std::unordered_set<std::string_view> seen{"__metadata__"};
  const auto add = [&](const std::string& key, const nlohmann::ordered_json& value) {
    if (json.size() > 1) json += ',';
    json += nlohmann::json(key).dump() + ':' + value.dump();
  };
  if (!weights.metadata.empty()) add("__metadata__", weights.metadata);
  for (size_t i = 0; i < order.size(); ++i) {
    const auto& [name, tensor] = weights.tensors[i];
    if (!seen.insert(name).second) fail_weights("would hold two tensors named ", in_quotes(name));
    add(name, describe(tensor, begins[i]));
  }
  json += '}';
  json.append((kHeaderAlignment - json.size() % kHeaderAlignment) % kHeaderAlignment, ' ');
  return json;
}

}  // namespace

bool is_safetensors(std::string_view bytes) {
  return bytes.size() > kLengthBytes && bytes[kLengthBytes] == '{';
}

WeightFile read_safetensors(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto length = reader.number<uint64_t>("its header length");
  if (length > kMostHeaderBytes) {
    fail_weights("promises a header of ", length, " bytes, expected at most ", kMostHeaderBytes);
  }
  if (length > reader.left()) {
    fail_weights("is cut off: header promises ", length, " bytes, the file has ", bytes.size());
  }
  SafetensorsHeader header = read_safetensors_header(reader.take(length, "its header"));
  const std::string_view buffer = bytes.substr(reader.position());
  check_offsets(header.entries, buffer.size());
  WeightFile weights;
  weights.metadata = std::move(header.metadata);
  ByteBudget budget(bytes.size());
  for (const SafetensorsEntry& entry : header.entries) {
    try {
      weights.tensors.emplace_back(entry.name, read_entry(entry, buffer, budget));
    } catch (const Error& error) {
      fail_weights("tensor ", in_quotes(entry.name), " ", error.what());
    }
  }
  return weights;
}

std::string write_safetensors(const WeightFile& weights) {
  const std::vector<size_t> order = data_order(weights.tensors);
  std::string header;
  try {
    header = header_json(weights, order);
  } catch (const nlohmann::json::type_error&) {
    fail_weights("would hold a name or metadata that is not UTF-8");
  }
  const uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof(length));
  bytes += header;
  for (const size_t i : order) {
    at::Tensor kept;
    bytes += tensor_bytes(weights.tensors[i].second, kept);
  }
  return bytes;
}

}  // namespace solstice
