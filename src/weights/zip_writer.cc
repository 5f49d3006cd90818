#include <zlib.h>

#include "weights/failure.h"
#include "weights/zip_archive.h"

namespace solstice {
namespace {

constexpr uint16_t kPaddingField = 0x4246;  // "FB", as torch.save pads
constexpr uint16_t kVersion = 20;           // needs nothing newer than zip 2.0
constexpr uint16_t kDate = 0x21;            // 1 January 1980, the zero of zip's calendar
constexpr uint64_t kPayloadAlignment = 64;
constexpr uint64_t kLocalHeaderSize = 30;

template <class T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// The fields from the version needed to the name's length, common to both headers.
void put_common(std::string& bytes, uint32_t crc, uint32_t size, size_t name_length) {
  put(bytes, kVersion);
  put(bytes, uint16_t{0});  // flags
  put(bytes, uint16_t{0});  // stored
  put(bytes, uint16_t{0});  // time
  put(bytes, kDate);
  put(bytes, crc);
  put(bytes, size);
  put(bytes, size);
  put(bytes, static_cast<uint16_t>(name_length));
}

}  // namespace

void ZipWriter::add(const std::string& name, std::string_view payload) {
  const uint64_t plain = bytes_.size() + kLocalHeaderSize + name.size() + 4;
  const uint64_t padding = (kPayloadAlignment - plain % kPayloadAlignment) % kPayloadAlignment;
  if (plain + padding + payload.size() > UINT32_MAX || entries_.size() == UINT16_MAX) {
    fail_weights("is too large for a .pth (4 GiB, 65535 tensors); write a .safetensors");
  }
  const auto size = static_cast<uint32_t>(payload.size());
  const auto crc = static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(payload.data()), payload.size()));
  entries_.push_back({name, crc, size, static_cast<uint32_t>(bytes_.size())});
  put(bytes_, uint32_t{0x04034b50});
  put_common(bytes_, crc, size, name.size());
  put(bytes_, static_cast<uint16_t>(4 + padding));
  bytes_ += name;
  put(bytes_, kPaddingField);
  put(bytes_, static_cast<uint16_t>(padding));
  bytes_.append(padding, 'Z');
  bytes_ += payload;
}

std::string ZipWriter::finish() {
  const uint64_t begin = bytes_.size();
  for (const Entry& entry : entries_) {
    put(bytes_, uint32_t{0x02014b50});
    put(bytes_, kVersion);
    put_common(bytes_, entry.crc, entry.size, entry.name.size());
    bytes_.append(2 + 2 + 2 + 2 + 4, '\0');  // extra, comment, disk, attributes
    put(bytes_, entry.begin);
    bytes_ += entry.name;
  }
  const uint64_t size = bytes_.size() - begin;
  if (begin + size > UINT32_MAX) fail_weights("is too large for a .pth; write a .safetensors");
  put(bytes_, uint32_t{0x06054b50});
  put(bytes_, uint32_t{0});  // disks
  put(bytes_, static_cast<uint16_t>(entries_.size()));
  put(bytes_, static_cast<uint16_t>(entries_.size()));
  put(bytes_, static_cast<uint32_t>(size));
  put(bytes_, static_cast<uint32_t>(begin));
  put(bytes_, uint16_t{0});  // comment
  return std::move(bytes_);
}

}  // namespace solstice
