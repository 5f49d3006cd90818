#include "core/hash.h"

#include <gtest/gtest.h>

#include <array>

#include "core/error.h"
#include "core/files.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

using testing::TemporaryDirectory;

// Literal: which machine takes which file must stay as it is from one version to the next.
TEST(Hash, NeverChanges) {
  EXPECT_EQ(hash_text(hash_bytes("")), "6ca76037f76a39ea");
  EXPECT_EQ(hash_text(hash_bytes("a")), "d4dfdca90c5e5018");
  EXPECT_EQ(hash_text(hash_bytes("2019/holiday/0001.jpg")), "e2716038b5f7cf58");
}

TEST(Hash, IsTheSameInPieces) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (size_t step = 1; step < 20; ++step) {
    Hash hash;
    for (size_t at = 0; at < text.size(); at += step) hash.add(text.substr(at, step));
    EXPECT_EQ(hash.value(), hash_bytes(text)) << step;
  }
}

TEST(Hash, TellsZerosApartByTheirNumber) {
  EXPECT_NE(hash_bytes(std::string(3, '\0')), hash_bytes(std::string(4, '\0')));
  EXPECT_NE(hash_bytes(""), hash_bytes(std::string(8, '\0')));
}

TEST(Hash, SpreadsNumberedNamesEvenly) {
  std::array<int, 8> counts{};
  for (int i = 0; i < 8000; ++i) ++counts[hash_bytes("IMG_" + std::to_string(i) + ".JPG") % 8];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 120);
}

TEST(Hash, OfAFileIsThatOfItsBytes) {
  const TemporaryDirectory directory;
  const std::string bytes((size_t{1} << 20) + 5, 'x');
  write_file_atomically(directory / "a", bytes);
  EXPECT_EQ(hash_file(directory / "a"), hash_bytes(bytes));
  EXPECT_THROW(hash_file(directory / "absent"), Error);
  EXPECT_THROW(hash_file(directory.path()), Error);
}

}  // namespace
}  // namespace solstice
