#include "weights/zip_archive.h"

#include <zlib.h>

#include <algorithm>

#include "weights/byte_reader.h"

namespace solstice {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kEnd64Locator = 0x07064b50;
constexpr uint64_t kEndSize = 22;
constexpr uint64_t kLocatorSize = 20;
constexpr uint32_t kIn64 = 0xffffffff;  // "look into the ZIP64 extra field"
constexpr uint16_t kExtra64 = 1;
constexpr uint16_t kFlagEncrypted = 1;
constexpr uint16_t kFlagDescriptor = 8;

struct Directory {
  uint64_t begin;
  uint64_t size;
  uint64_t count;
};

uint64_t find_end(std::string_view bytes) {
  constexpr uint64_t kLongestComment = 0xffff;
  if (bytes.size() >= kEndSize) {
    const uint64_t last = bytes.size() - kEndSize;
    for (uint64_t at = last;; --at) {
      ByteReader reader(bytes, at);
      if (reader.number<uint32_t>("its zip end") == kEnd) {
        reader.take(16, "its zip end");
        if (reader.number<uint16_t>("its zip end") == last - at) return at;
      }
      if (at == 0 || last - at == kLongestComment) break;
    }
  }
  fail_weights("is cut off: it begins as a zip file, but the directory at its end is missing");
}

/// The ZIP64 end record, where a locator stands before the plain one.
bool read_end64(std::string_view bytes, uint64_t end, Directory& directory) {
  if (end < kLocatorSize) return false;
  ByteReader locator(bytes, end - kLocatorSize);
  if (locator.number<uint32_t>("its zip locator") != kEnd64Locator) return false;
  locator.take(4, "its zip locator");
  ByteReader record(bytes, locator.number<uint64_t>("its zip locator"));
  if (record.number<uint32_t>("its zip end record") != kEnd64) {
    fail_weights("has a ZIP64 locator that points nowhere");
  }
  record.take(8 + 2 + 2 + 4 + 4 + 8, "its zip end record");
  directory.count = record.number<uint64_t>("its zip end record");
  directory.size = record.number<uint64_t>("its zip end record");
  directory.begin = record.number<uint64_t>("its zip end record");
  return true;
}

Directory find_directory(std::string_view bytes) {
  const uint64_t end = find_end(bytes);
  ByteReader reader(bytes, end + 4);
  const auto disk = reader.number<uint16_t>("its zip end");
  const auto first_disk = reader.number<uint16_t>("its zip end");
  reader.take(2, "its zip end");
  Directory directory{};
  directory.count = reader.number<uint16_t>("its zip end");
  directory.size = reader.number<uint32_t>("its zip end");
  directory.begin = reader.number<uint32_t>("its zip end");
  const bool is_64 = read_end64(bytes, end, directory);
  if (!is_64 && (disk != 0 || first_disk != 0)) fail_weights("is a part of a split zip file");
  if (directory.begin > end || directory.size > end - directory.begin) {
    fail_weights("has a zip directory that reaches past its end");
  }
  return directory;
}

/// Sizes (and in the directory the offset) that do not fit 32 bits stand in an extra field.
void widen(std::string_view extra, std::initializer_list<uint64_t*> values) {
  ByteReader reader(extra);
  while (reader.left() >= 4) {
    const auto id = reader.number<uint16_t>("a zip extra field");
    const auto length = reader.number<uint16_t>("a zip extra field");
    ByteReader field(reader.take(length, "a zip extra field"));
    if (id != kExtra64) continue;
    for (uint64_t* value : values) {
      if (*value == kIn64) *value = field.number<uint64_t>("a ZIP64 field");
    }
    return;
  }
}

struct Header {
  uint16_t flags;
  uint16_t method;
  uint32_t crc;
  uint64_t packed;
  uint64_t size;
  uint16_t name_length;
  uint16_t extra_length;
};

/// The fields that a local and a central header share, from the flags on.
Header read_header(ByteReader& reader, const char* what) {
  Header header{};
  header.flags = reader.number<uint16_t>(what);
  header.method = reader.number<uint16_t>(what);
  reader.take(4, what);  // time and date
  header.crc = reader.number<uint32_t>(what);
  header.packed = reader.number<uint32_t>(what);
  header.size = reader.number<uint32_t>(what);
  header.name_length = reader.number<uint16_t>(what);
  header.extra_length = reader.number<uint16_t>(what);
  return header;
}

/// Checks the local header against the directory's and returns where the payload begins.
uint64_t check_local(std::string_view bytes, uint64_t at, std::string_view name,
                     const Header& central) {
  constexpr const char* kWhat = "a zip header";
  ByteReader reader(bytes, std::min<uint64_t>(at, bytes.size()));
  const auto signature = reader.number<uint32_t>(kWhat);
  reader.take(2, kWhat);
  Header local = read_header(reader, kWhat);
  const std::string_view local_name = reader.take(local.name_length, kWhat);
  widen(reader.take(local.extra_length, kWhat), {&local.size, &local.packed});
  const bool is_later = (local.flags & kFlagDescriptor) != 0;  // the values follow the payload
  const auto agree = [&](uint64_t here, uint64_t there) {
    return here == there || (is_later && here == 0);
  };
  if (signature != kLocalHeader || local_name != name || local.method != central.method ||
      !agree(local.size, central.size) || !agree(local.packed, central.packed) ||
      !agree(local.crc, central.crc)) {
    fail_weights("has a zip directory and headers that disagree about ", in_quotes(name));
  }
  return reader.position();
}

ZipMember read_member(std::string_view bytes, uint64_t payload_end, ByteReader& directory) {
  constexpr const char* kWhat = "its zip directory";
  if (directory.number<uint32_t>(kWhat) != kCentralHeader) {
    fail_weights("has a damaged zip directory");
  }
  directory.take(4, kWhat);  // versions
  Header header = read_header(directory, kWhat);
  const auto comment_length = directory.number<uint16_t>(kWhat);
  directory.take(2 + 2 + 4, kWhat);  // disk, attributes
  uint64_t local = directory.number<uint32_t>(kWhat);
  const std::string_view name = directory.take(header.name_length, kWhat);
  widen(directory.take(header.extra_length, kWhat), {&header.size, &header.packed, &local});
  directory.take(comment_length, kWhat);
  if ((header.flags & kFlagEncrypted) != 0)
    fail_weights("has an encrypted member ", in_quotes(name));
  if (header.method != 0 && header.method != Z_DEFLATED) {
    fail_weights("has a member ", in_quotes(name), " packed by method ", header.method,
                 ", expected stored or deflated");
  }
  const uint64_t begin = check_local(bytes, local, name, header);
  if (begin > payload_end || header.packed > payload_end - begin ||
      (header.method == 0 && header.packed != header.size)) {
    fail_weights("has a member ", in_quotes(name), " that does not fit the file");
  }
  return {name, header.method != 0, header.crc, header.packed, header.size, begin};
}

std::string inflate_member(std::string_view packed, const ZipMember& member) {
  std::string out(member.size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail_weights("cannot be inflated");
  struct Closer {
    z_stream* stream;
    ~Closer() { inflateEnd(stream); }
  } closer{&stream};
  constexpr uint64_t kStep = uint64_t{1} << 30;  // zlib counts in 32 bits
  uint64_t read = 0;
  uint64_t written = 0;
  int state = Z_OK;
  while (state == Z_OK) {
    const auto in = static_cast<uInt>(std::min(kStep, packed.size() - read));
    const auto room = static_cast<uInt>(std::min(kStep, out.size() - written));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + read));
    stream.avail_in = in;
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = room;
    state = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += room - stream.avail_out;
  }
  if (state != Z_STREAM_END || written != out.size()) {
    fail_weights("member ", in_quotes(member.name), " does not inflate to its ", member.size,
                 " bytes");
  }
  return out;
}

uint32_t checksum(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes, ByteBudget& budget)
    : bytes_(bytes), budget_(budget) {
  const Directory directory = find_directory(bytes);
  ByteReader reader(bytes.substr(directory.begin, directory.size));
  for (uint64_t i = 0; i < directory.count; ++i) {
    members_.push_back(read_member(bytes, directory.begin, reader));
    if (!by_name_.emplace(members_.back().name, i).second) {
      fail_weights("has two zip members named ", in_quotes(members_.back().name));
    }
  }
}

const ZipMember* ZipArchive::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &members_[found->second];
}

std::string_view ZipArchive::read(const ZipMember& member) {
  std::string_view payload = bytes_.substr(member.begin, member.packed);
  if (member.is_deflated) {
    const auto known = inflated_.find(member.begin);
    if (known != inflated_.end()) return known->second;
    budget_.take(member.size, "deflated members");
    payload = inflated_[member.begin] = inflate_member(payload, member);
  }
  if (member.crc != 0 && checksum(payload) != member.crc) {
    fail_weights("is damaged: the checksum of ", in_quotes(member.name), " does not fit its bytes");
  }
  return payload;
}

}  // namespace solstice
