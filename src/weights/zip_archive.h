#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weights/elements.h"

namespace solstice {

/// One member as central directory and local header agree it is.
struct ZipMember {
  std::string_view name;
  bool is_deflated = false;
  uint32_t crc = 0;  ///< 0: not recorded (torch.save can be told not to)
  uint64_t packed = 0;
  uint64_t size = 0;
  uint64_t begin = 0;  ///< of the packed bytes
};

/// A zip file in memory: stored and deflated members, ZIP64 records, data descriptors. Everything
/// is checked against the file's end and against each other when it is opened; names are unique.
/// Errors are Error(kWeights).
class ZipArchive {
 public:
  /// `bytes` must outlive the archive; what is inflated counts against `budget`.
  ZipArchive(std::string_view bytes, ByteBudget& budget);

  const std::vector<ZipMember>& members() const { return members_; }

  /// Null when there is none.
  const ZipMember* find(std::string_view name) const;

  /// The unpacked bytes of a member, kept by the archive. Checks length and checksum.
  std::string_view read(const ZipMember& member);

 private:
  std::string_view bytes_;
  ByteBudget& budget_;
  std::vector<ZipMember> members_;
  std::map<std::string_view, size_t> by_name_;
  std::map<uint64_t, std::string> inflated_;  ///< by `begin`
};

/// Writes a zip of stored members, each payload beginning at a multiple of 64 bytes, without dates:
/// equal members give equal bytes. Below 4 GiB; more throws Error(kWeights).
class ZipWriter {
 public:
  void add(const std::string& name, std::string_view payload);
  std::string finish();

 private:
  struct Entry {
    std::string name;
    uint32_t crc;
    uint32_t size;
    uint32_t begin;
  };
  std::string bytes_;
  std::vector<Entry> entries_;
};

}  // namespace solstice
