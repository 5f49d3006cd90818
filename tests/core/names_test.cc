#include "core/names.h"

#include <gtest/gtest.h>

namespace solstice {
namespace {

TEST(NearestName, FindsATypingError) {
  const std::vector<std::string> words{"generator", "discriminator", "direction", "ngf", "ndf"};
  EXPECT_EQ(nearest_name("generater", words), "generator");
  EXPECT_EQ(nearest_name("gnf", words), "ngf");  // neighbours swapped
  EXPECT_EQ(nearest_name("nxx", words), "");     // two letters of three differ
  EXPECT_EQ(nearest_name("ngff", words), "ngf");
  EXPECT_EQ(nearest_name("discrimnator", words), "discriminator");
}

TEST(NearestName, IsEmptyWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("zebra", {"generator", "direction"}), "");
  EXPECT_EQ(nearest_name("anything", {}), "");
  EXPECT_EQ(nearest_name("", {"generator"}), "");
}

TEST(NearestName, TakesTheFirstOfEquallyNearOnes) {
  EXPECT_EQ(nearest_name("cat", {"bat", "hat"}), "bat");
}

TEST(Join, PutsTheSeparatorBetweenWords) {
  EXPECT_EQ(join({}), "");
  EXPECT_EQ(join({"a"}), "a");
  EXPECT_EQ(join({"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(join({"a", "b"}, "/"), "a/b");
}

TEST(Trim, RemovesWhiteSpaceAtBothEndsOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

}  // namespace
}  // namespace solstice
