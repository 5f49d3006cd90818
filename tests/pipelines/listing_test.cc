#include "pipelines/listing.h"

#include <sys/stat.h>

#include "flow_fixture.h"

namespace solstice {
namespace {

using testing::TemporaryDirectory;
using testing::write_text;

std::vector<std::string> relatives(const Listing& listing) {
  std::vector<std::string> names;
  for (const ListedFile& file : listing.files) names.push_back(file.relative);
  return names;
}

using Names = std::vector<std::string>;

TEST(Listing, TakesTheImagesOfATreeInTheOrderOfTheirNames) {
  const TemporaryDirectory folder;
  for (const char* name : {"in/z.jpg", "in/a.PNG", "in/b/2.webp", "in/b/1.tif", "in/b/c/x.bmp",
                           "in/notes.txt", "in/B.jpeg"}) {
    write_text(folder / name, "x");
  }
  const Listing listing = list_images({(folder / "in").string()}, folder / "out");
  EXPECT_EQ(relatives(listing),
            (Names{"B.jpeg", "a.PNG", "b/1.tif", "b/2.webp", "b/c/x.bmp", "z.jpg"}));
  EXPECT_EQ(listing.files[2].path, folder / "in" / "b/1.tif");
}

TEST(Listing, LeavesOutWhatIsHidden) {
  const TemporaryDirectory folder;
  for (const char* name :
       {"in/.a.jpg", "in/.git/b.jpg", "in/.x.jpg.tmp.0123abcd.123.0", "in/c.jpg"}) {
    write_text(folder / name, "x");
  }
  EXPECT_EQ(relatives(list_images({(folder / "in").string()}, folder / "out")), Names{"c.jpg"});
}

TEST(Listing, AFolderNamedLikeAnImageIsAFolder) {
  const TemporaryDirectory folder;
  write_text(folder / "in/x.png/y.png", "x");
  EXPECT_EQ(relatives(list_images({(folder / "in").string()}, folder / "out")),
            Names{"x.png/y.png"});
}

TEST(Listing, FollowsLinksButNoLoop) {
  const TemporaryDirectory folder;
  write_text(folder / "in/a.jpg", "x");
  write_text(folder / "elsewhere/b.jpg", "x");
  fs::create_directory_symlink(folder / "in", folder / "in/loop");
  fs::create_directory_symlink(folder / "elsewhere", folder / "in/linked");
  fs::create_symlink(folder / "in/a.jpg", folder / "in/c.jpg");
  EXPECT_EQ(relatives(list_images({(folder / "in").string()}, folder / "out")),
            (Names{"a.jpg", "c.jpg", "linked/b.jpg"}));
}

TEST(Listing, DoesNotReadTheOutputFolderInsideTheInput) {
  const TemporaryDirectory folder;
  write_text(folder / "in/a.jpg", "x");
  write_text(folder / "in/results/a.jpg", "x");
  EXPECT_EQ(relatives(list_images({(folder / "in").string()}, folder / "in/results")),
            Names{"a.jpg"});
  EXPECT_EQ(relatives(list_images({(folder / "in").string()}, folder / "in")),
            (Names{"a.jpg", "results/a.jpg"}));
}

TEST(Listing, PlacesEveryInputDirectlyUnderTheOutput) {
  const TemporaryDirectory folder;
  for (const char* name : {"one/sub/a.jpg", "two/b.jpg", "c.data"}) write_text(folder / name, "x");
  const Listing listing = list_images(
      {(folder / "two").string(), (folder / "c.data").string(), (folder / "one").string()},
      folder / "out");
  EXPECT_EQ(relatives(listing), (Names{"b.jpg", "c.data", "sub/a.jpg"}));
}

TEST(Listing, TakesAFileNamedTwiceOnce) {
  const TemporaryDirectory folder;
  write_text(folder / "in/a.jpg", "x");
  const std::string in = (folder / "in").string();
  EXPECT_EQ(relatives(list_images({in, in + "/a.jpg", in + "/./a.jpg"}, "out")), Names{"a.jpg"});
}

TEST(Listing, LeavesOutPipesButCountsBrokenLinks) {
  const TemporaryDirectory folder;
  write_text(folder / "in/a.jpg", "x");
  ASSERT_EQ(mkfifo((folder / "in/pipe.jpg").c_str(), 0600), 0);
  fs::create_symlink("nowhere", folder / "in/broken.jpg");
  EXPECT_EQ(relatives(list_images({(folder / "in").string()}, "out")),
            (Names{"a.jpg", "broken.jpg"}));
}

TEST(Listing, AFolderThatCannotBeReadIsAProblemOfItsOwn) {
  const TemporaryDirectory folder;
  write_text(folder / "in/a.jpg", "x");
  // Deeper than a path may be long, so that it cannot be opened even by root.
  const std::string name(250, 'd');
  const fs::path before = fs::current_path();
  fs::current_path(folder / "in");
  for (int i = 0; i < 17; ++i) {
    fs::create_directory(name);
    fs::current_path(name);
  }
  fs::current_path(before);
  const Listing listing = list_images({(folder / "in").string()}, "out");
  EXPECT_EQ(relatives(listing), Names{"a.jpg"});
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_NE(listing.problems[0].what.find("cannot be read"), std::string::npos);
}

TEST(Listing, PicturesThatAreNotReadHereAreNotLostInSilence) {
  const TemporaryDirectory folder;
  for (const char* name : {"a.jpg", "a.HEIC", "d/b.gif", "d/notes.txt", "d/c.gif"}) {
    write_text(folder / "in" / name, "x");
  }
  SelectionOptions selection;
  selection.exclude = {"c.*"};
  const Listing listing = list_images({(folder / "in").string()}, "out", selection);
  EXPECT_EQ(relatives(listing), Names{"a.jpg"});
  ASSERT_EQ(listing.problems.size(), 2U);
  EXPECT_EQ(listing.problems[0].path, folder / "in/a.HEIC");
  EXPECT_EQ(listing.problems[1].what,
            "is a GIF image, which is not supported; convert it first, or --exclude it");
}

TEST(Listing, RefusesAnInputThatDoesNotExist) {
  const TemporaryDirectory folder;
  try {
    list_images({(folder / "missing").string()}, "out");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(error.what()).find("missing: No such file"), std::string::npos);
  }
}

}  // namespace
}  // namespace solstice
