#include "core/hash.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/error.h"
#include "core/message.h"

namespace solstice {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

void Hash::add_word(uint64_t word) {
  state_ = (state_ ^ word) * 0x100000001b3;
  state_ ^= state_ >> 32;  // a product only carries upwards
}

void Hash::add(std::string_view bytes) {
  const auto word_at = [](const char* at) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
  };
  const size_t held = size_ % rest_.size();
  size_ += bytes.size();
  if (held > 0) {
    const size_t taken = std::min(bytes.size(), rest_.size() - held);
    std::copy_n(bytes.data(), taken, rest_.begin() + static_cast<std::ptrdiff_t>(held));
    bytes.remove_prefix(taken);
    if (held + taken < rest_.size()) return;
    add_word(word_at(rest_.data()));
  }
  for (; bytes.size() >= rest_.size(); bytes.remove_prefix(rest_.size())) {
    add_word(word_at(bytes.data()));
  }
  std::copy(bytes.begin(), bytes.end(), rest_.begin());
}

uint64_t Hash::value() const {
  Hash last = *this;
  uint64_t word = 0;
  std::memcpy(&word, rest_.data(), size_ % rest_.size());
  last.add_word(word);
  last.add_word(size_);
  uint64_t h = last.state_;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}

uint64_t hash_bytes(std::string_view bytes) {
  Hash hash;
  hash.add(bytes);
  return hash.value();
}

uint64_t hash_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Hash hash;
  std::vector<char> piece(size_t{1} << 20);
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    hash.add({piece.data(), static_cast<size_t>(file.gcount())});
  }
  if (!file.eof() || file.bad()) {
    throw Error(ErrorKind::kInput,
                message(path.string(), ": cannot be read: ", std::strerror(errno)));
  }
  return hash.value();
}

std::string hash_text(uint64_t hash) {
  char text[17];
  std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(hash));
  return text;
}

}  // namespace solstice
