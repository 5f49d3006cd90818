#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace solstice {

/// A fast hash of bytes that never changes between versions and machines (which share of a folder a
/// machine takes hangs on it; a test fixes values). FNV-1a (Fowler, Noll, Vo) over little-endian
/// words of eight bytes, each step folded, with MurmurHash3's finaliser. Not against forgers.
class Hash {
 public:
  void add(std::string_view bytes);
  uint64_t value() const;

 private:
  void add_word(uint64_t word);

  uint64_t state_ = 0xcbf29ce484222325;
  uint64_t size_ = 0;
  std::array<char, 8> rest_{};  ///< the bytes after the last whole word; size_ % 8 of them
};

uint64_t hash_bytes(std::string_view bytes);

/// Of everything in a file, read in pieces. Throws Error(kInput) naming the file and the reason.
uint64_t hash_file(const std::filesystem::path& path);

/// Sixteen hexadecimal digits.
std::string hash_text(uint64_t hash);

}  // namespace solstice
