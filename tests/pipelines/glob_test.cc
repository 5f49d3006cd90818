#include "pipelines/glob.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;

bool matches(const std::string& pattern, const std::string& path) {
  return Glob("--include", pattern).matches(path);
}

TEST(Glob, WithoutASlashMeansTheName) {
  EXPECT_TRUE(matches("*.jpg", "a/b/c.jpg"));
  EXPECT_TRUE(matches("IMG_????.JPG", "2019/IMG_0001.JPG"));
  EXPECT_FALSE(matches("*.jpg", "a.jpg/c.png"));
  EXPECT_FALSE(matches("b", "a/b/c"));
}

TEST(Glob, WithASlashMeansTheWholePath) {
  EXPECT_TRUE(matches("a/*.jpg", "a/c.jpg"));
  EXPECT_FALSE(matches("a/*.jpg", "b/a/c.jpg"));
  EXPECT_FALSE(matches("a/*.jpg", "a/b/c.jpg"));
  EXPECT_TRUE(matches("/c.jpg", "c.jpg"));
  EXPECT_FALSE(matches("/c.jpg", "a/c.jpg"));
}

TEST(Glob, TwoStarsCrossFolders) {
  EXPECT_TRUE(matches("a/**", "a/b/c.jpg"));
  EXPECT_TRUE(matches("**/c.jpg", "c.jpg"));
  EXPECT_TRUE(matches("**/c.jpg", "a/b/c.jpg"));
  EXPECT_FALSE(matches("**/c.jpg", "a/b/xc.jpg"));
  EXPECT_TRUE(matches("a/**/c.jpg", "a/c.jpg"));
  EXPECT_TRUE(matches("a/**/c.jpg", "a/b/b/c.jpg"));
  EXPECT_FALSE(matches("a/**/c.jpg", "a/bc.jpg"));
  EXPECT_TRUE(matches("a/x**y", "a/x1/2y"));
}

TEST(Glob, AClosingSlashMeansEverythingBelow) {
  EXPECT_TRUE(matches("cache/", "a/cache/b/c.jpg"));
  EXPECT_TRUE(matches("a/cache/", "a/cache/c.jpg"));
  EXPECT_FALSE(matches("a/cache/", "b/a/cache/c.jpg"));
  EXPECT_FALSE(matches("cache/", "a/cache.jpg"));
}

TEST(Glob, KnowsSetsRangesAndTheirOpposite) {
  EXPECT_TRUE(matches("[a-cx].png", "b.png"));
  EXPECT_TRUE(matches("[a-cx].png", "x.png"));
  EXPECT_FALSE(matches("[a-cx].png", "d.png"));
  EXPECT_TRUE(matches("[!0-9]*", "a1"));
  EXPECT_FALSE(matches("[^0-9]*", "1a"));
  EXPECT_TRUE(matches("[]-]", "]"));
  EXPECT_TRUE(matches("[]-]", "-"));
  EXPECT_FALSE(matches("a/b[!x]c", "a/b/c")) << "no set holds a slash";
}

TEST(Glob, TakesTheCharacterAfterABackslashAsItIs) {
  EXPECT_TRUE(matches("a\\*", "a*"));
  EXPECT_FALSE(matches("a\\*", "ab"));
  EXPECT_TRUE(matches("[\\]]", "]"));
}

TEST(Glob, CountsCharactersNotBytes) {
  EXPECT_TRUE(matches("?.jpg", "\xe6\x97\xa5.jpg"));
  EXPECT_TRUE(matches("[\xc3\xa0-\xc3\xbc].jpg", "\xc3\xa9.jpg"));
  EXPECT_TRUE(matches("?.jpg", "\xff.jpg"));
  EXPECT_TRUE(matches("\xff.*", "\xff.jpg"));
}

TEST(Glob, TakesNoLongerForAHostilePattern) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "**a*";
  EXPECT_FALSE(matches("x/" + pattern, "x/" + std::string(2000, 'a') + "b/"));
}

TEST(Glob, RefusesWhatIsNoPattern) {
  EXPECT_TRUE(
      fails_with("--include: found \"a[b\", expected a ] for every [", [] { matches("a[b", ""); }));
  EXPECT_TRUE(fails_with("after the last \\", [] { matches("a\\", ""); }));
  EXPECT_TRUE(fails_with("1 to 4096 bytes", [] { matches("", ""); }));
  EXPECT_TRUE(fails_with("1 to 4096 bytes", [] { matches(std::string(4097, 'a'), ""); }));
}

}  // namespace
}  // namespace solstice
