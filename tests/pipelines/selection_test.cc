#include "pipelines/selection.h"

#include "flow_fixture.h"
#include "pipelines/listing.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;
using testing::TemporaryDirectory;
using testing::write_text;

struct SelectionTest : ::testing::Test {
  SelectionTest() {
    for (const char* name : {"a.jpg", "b.png", "sub/a.jpg", "sub/c.png", "sub/raw/d.jpg"}) {
      write_text(in / name, "x");
    }
  }
  std::vector<std::string> taken(const std::vector<std::string>& inputs) {
    listing = list_images(inputs, folder / "out", options);
    std::vector<std::string> names;
    for (const ListedFile& file : listing.files) names.push_back(file.relative);
    return names;
  }
  std::vector<std::string> taken() { return taken({in.string()}); }
  void list(const std::string& text) {
    write_text(folder / "list", text);
    options.files_from = (folder / "list").string();
  }

  TemporaryDirectory folder;
  const fs::path in = folder / "in";
  SelectionOptions options;
  Listing listing;
};
using Names = std::vector<std::string>;

TEST_F(SelectionTest, TakesWhatIsIncludedAndNotExcluded) {
  options.include = {"*.jpg", "c.*"};
  EXPECT_EQ(taken(), (Names{"a.jpg", "sub/a.jpg", "sub/c.png", "sub/raw/d.jpg"}));
  options.exclude = {"raw/", "/a.jpg"};
  EXPECT_EQ(taken(), (Names{"sub/a.jpg", "sub/c.png"}));
  options.include.clear();
  EXPECT_EQ(taken(), (Names{"b.png", "sub/a.jpg", "sub/c.png"}));
}

TEST_F(SelectionTest, SkipsLinksOnRequest) {
  fs::create_symlink(in / "a.jpg", in / "l.jpg");
  fs::create_directory_symlink(in / "sub", in / "linked");
  EXPECT_EQ(taken().size(), 9U);
  options.links = Links::kSkip;
  EXPECT_EQ(taken().size(), 5U);
}

TEST_F(SelectionTest, TakesHiddenFilesOnRequestButNeverOurOwn) {
  for (const char* name :
       {".h.jpg", ".git/e.jpg", ".solstice/f.jpg", ".g.jpg.tmp.0123abcd.1.0/x.jpg"}) {
    write_text(in / name, "x");
  }
  EXPECT_EQ(taken().size(), 5U);
  options.hidden = true;
  EXPECT_EQ(taken(), (Names{".git/e.jpg", ".h.jpg", "a.jpg", "b.png", "sub/a.jpg", "sub/c.png",
                            "sub/raw/d.jpg"}));
}

TEST_F(SelectionTest, TakesNamesFromAFileInItsOrderBelowTheInput) {
  list("sub/raw/d.jpg\r\n\na.jpg\nsub/../b.png\na.jpg");
  EXPECT_EQ(taken(), (Names{"sub/raw/d.jpg", "a.jpg", "b.png"}));
  EXPECT_EQ(listing.files[0].path, (in / "sub/raw/d.jpg").string());
  options.exclude = {"b.*"};
  EXPECT_EQ(taken(), (Names{"sub/raw/d.jpg", "a.jpg"}));
}

TEST_F(SelectionTest, NamesMayBeSeparatedByZeroBytes) {
  list(std::string("new\nline.jpg\0sub/a.jpg\0", 23));
  EXPECT_EQ(taken(), (Names{"new\nline.jpg", "sub/a.jpg"}));
}

TEST_F(SelectionTest, NamesElsewhereGoDirectlyIntoTheOutput) {
  list(message("../out.jpg\n/", "far/away.jpg\n", (in / "sub/a.jpg").string(), "\nsub/..\n..\n"));
  EXPECT_EQ(taken(), (Names{"out.jpg", "away.jpg", "sub/a.jpg"}));
  EXPECT_EQ(listing.files[1].path, "/far/away.jpg");
  EXPECT_EQ(listing.problems.size(), 2U);
  EXPECT_EQ(taken({in.string() + "/"}), (Names{"out.jpg", "away.jpg", "sub/a.jpg"}));
}

TEST_F(SelectionTest, NamesWithoutAnInputAreTheWorkingDirectorys) {
  list("x/y.jpg\n../z.jpg");
  EXPECT_EQ(taken({}), (Names{"x/y.jpg", "z.jpg"}));
  EXPECT_EQ(listing.files[0].path, "x/y.jpg");
}

TEST_F(SelectionTest, RefusesSeveralInputsBesideAListAndAListThatIsNotThere) {
  list("a.jpg");
  EXPECT_TRUE(fails_with("--files-from: found beside", [&] { taken({in.string(), "b"}); }));
  options.files_from = (folder / "absent").string();
  EXPECT_TRUE(fails_with("absent: cannot be read", [&] { taken(); }));
}

}  // namespace
}  // namespace solstice
