#include "pipelines/name_template.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;

std::string named(const std::string& text,
                  const NameFields& fields = {"a/b", "photo", ".jpg", "night"}) {
  return NameTemplate(text).expand(fields);
}

TEST(NameTemplate, KeepsThePlaceInTheTree) {
  EXPECT_EQ(named("{stem}_{model}{ext}"), "a/b/photo_night.jpg");
  EXPECT_EQ(named("{model}/{stem}{ext}"), "a/b/night/photo.jpg");
  EXPECT_EQ(named("{stem}{ext}", {"", "photo", ".jpg", "night"}), "photo.jpg");
}

TEST(NameTemplate, WithDirSaysTheWholePlace) {
  EXPECT_EQ(named("{model}/{dir}/{stem}{ext}"), "night/a/b/photo.jpg");
  EXPECT_EQ(named("{model}/{dir}/{stem}{ext}", {"", "photo", ".jpg", "night"}), "night/photo.jpg");
}

TEST(NameTemplate, DoubledBracesAreBraces) { EXPECT_EQ(named("{{{stem}}}"), "a/b/{photo}"); }

TEST(NameTemplate, NamesTheNearestField) {
  EXPECT_TRUE(
      fails_with("--name: found \"{steam}\", expected the fields dir, stem, ext, model in "
                 "braces (did you mean {stem}?)",
                 [] { named("{steam}"); }));
}

TEST(NameTemplate, RefusesWhatIsNoName) {
  for (const char* text : {"{stem", "stem}", "{stem}}", "{", "}", "{{}", "{}", "{stem {ext}}"}) {
    EXPECT_THROW(named(text), Error) << text;
  }
  for (const std::string& text : {std::string(), std::string("/x/{stem}"), std::string("{stem}/"),
                                  std::string("a\0b", 3), std::string(1025, 'x')}) {
    EXPECT_THROW(named(text), Error) << text;
  }
}

TEST(NameTemplate, NeverLeavesTheOutputFolder) {
  EXPECT_TRUE(fails_with("without \"..\"", [] { named("../{stem}"); }));
  EXPECT_TRUE(fails_with("without \"..\"", [] { named("{dir}/../../{stem}"); }));
  EXPECT_TRUE(fails_with("below the output folder; for .. it gives", [] {
    named("{stem}/x", {"", "..", ".jpg", "night"});
  }));
  EXPECT_TRUE(fails_with("below the output folder", [] {
    named("{ext}.{stem}", {"", "", ".", ""});
  }));
  EXPECT_TRUE(fails_with("below the output folder", [] { named("{stem}", {"", ".", "", ""}); }));
  EXPECT_TRUE(fails_with("below the output folder", [] {
    named("{model}/{stem}", {"", "a", "", "x/../.."});
  }));
  EXPECT_TRUE(fails_with("below the output folder", [] { named("{dir}/.solstice/x", {}); }));
}

}  // namespace
}  // namespace solstice
