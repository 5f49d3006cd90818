// Which files a run takes, what it does with results that are there, and what goes along.
#include <gtest/gtest.h>

#include <chrono>

#include "image/codec.h"
#include "support/identity_model.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class Selection : public ::testing::Test {
 protected:
  Selection() : model_(make_identity_model(directory_ / "identity.safetensors").string()) {}

  /// Runs on `in` with the identity model, or the one that `more` names.
  Finished translate(const Names& more) const {
    Names arguments{"translate", "--threads", "1",   "--model",
                    model_,      "--out",     out(), in().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_solstice(arguments);
  }
  /// The results of a run into an empty folder.
  Names taken(const Names& more) const {
    fs::remove_all(out());
    const Finished run = translate(more);
    EXPECT_EQ(run.code, 0) << run.err;
    return files_below(out());
  }
  void write_photo(const std::string& name) const {
    fs::create_directories((in() / name).parent_path());
    save_image((in() / name).string(), make_photo(20, 12, name.size()));
  }

  fs::path in() const { return directory_ / "in"; }
  std::string out() const { return (directory_ / "out").string(); }

  TemporaryDirectory directory_;
  std::string model_;
};

TEST_F(Selection, TakesWhatIsAskedFor) {
  for (const char* name : {"a.png", "b.jpg", "day/c.png", ".hidden.png", ".cache/d.png"}) {
    write_photo(name);
  }
  fs::create_symlink(in() / "a.png", in() / "link.png");
  EXPECT_EQ(taken({}), (Names{"a.png", "b.jpg", "day/c.png", "link.png"}));
  EXPECT_EQ(taken({"--links", "skip"}), (Names{"a.png", "b.jpg", "day/c.png"}));
  EXPECT_EQ(taken({"--include", "*.png", "--exclude", "day/"}), (Names{"a.png", "link.png"}));
  EXPECT_EQ(taken({"--include", "*.jpg,c.*"}), (Names{"b.jpg", "day/c.png"}));
  EXPECT_EQ(taken({"--limit", "2"}), (Names{"a.png", "b.jpg"}));
  EXPECT_EQ(translate({"--hidden", "--existing", "overwrite"}).code, 0);
  EXPECT_TRUE(fs::exists(fs::path(out()) / ".hidden.png"));
  EXPECT_TRUE(fs::exists(fs::path(out()) / ".cache/d.png"));
}

TEST_F(Selection, DoesWithResultsWhatExistingSays) {
  for (const char* name : {"a.png", "b.png"}) write_photo(name);
  ASSERT_EQ(translate({}).code, 0);
  const auto done = [&](const char* existing) {
    const Finished run = translate({"--existing", existing});
    return run.code == 0 ? run.err.substr(run.err.rfind(" translated") - 1, 1) : run.err;
  };
  EXPECT_EQ(done("skip"), "0");
  EXPECT_EQ(done("newer"), "0");
  EXPECT_EQ(done("changed"), "0");
  fs::last_write_time(in() / "a.png",
                      fs::last_write_time(fs::path(out()) / "a.png") + std::chrono::hours(1));
  EXPECT_EQ(done("skip"), "0");
  EXPECT_EQ(done("newer"), "1");
  EXPECT_EQ(done("overwrite"), "2");
  EXPECT_NE(done("error").find("exists"), std::string::npos);
}

TEST_F(Selection, LabelsGoAlongAndGrowWithTheImage) {
  write_photo("day/a.png");
  write_text(in() / "day/a.txt", "0 0.5 0.5 0.1 0.2\n");
  write_text(in() / "day/a.xml",
             "<annotation><size><width>20</width><height>12</height></size><object><bndbox>"
             "<xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>10</ymax></bndbox></object>"
             "</annotation>");
  EXPECT_EQ(taken({"--sidecars", "--name", "{stem}_x{ext}"}),
            (Names{"day/a_x.png", "day/a_x.txt", "day/a_x.xml"}));
  EXPECT_EQ(read_text(fs::path(out()) / "day/a_x.xml"), read_text(in() / "day/a.xml"));
  fs::remove_all(out());
  const Finished grown = run_solstice({"translate", "--model", "superres_x2_small", "--sidecars",
                                       "--threads", "1", "--out", out(), in().string()});
  ASSERT_EQ(grown.code, 0) << grown.err;
  EXPECT_EQ(read_text(fs::path(out()) / "day/a.txt"), read_text(in() / "day/a.txt"));
  const std::string boxes = read_text(fs::path(out()) / "day/a.xml");
  EXPECT_NE(boxes.find("<width>40</width><height>24</height>"), std::string::npos) << boxes;
  EXPECT_NE(boxes.find("<xmin>2</xmin><ymin>4</ymin><xmax>18</xmax><ymax>20</ymax>"),
            std::string::npos)
      << boxes;
}

TEST_F(Selection, AGalleryIsOnePageThatNeedsNothingElse) {
  write_photo("a.png");
  const fs::path gallery = directory_ / "gallery";
  ASSERT_EQ(translate({"--gallery", gallery.string()}).code, 0);
  const std::string page = read_text(gallery / "index.html");
  EXPECT_NE(page.find("a.png"), std::string::npos);
  EXPECT_EQ(page.find("src=\"http"), std::string::npos);
  EXPECT_TRUE(fs::exists(gallery / "before_after.png"));
}

TEST_F(Selection, AReportThatIsAFolderEndsTheRunBeforeTheFirstPixel) {
  write_photo("a.png");
  const Finished run = translate({"--report", in().string()});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("is a folder; name a file in it"), std::string::npos) << run.err;
  EXPECT_TRUE(!fs::exists(out()) || files_below(out()).empty());
}

}  // namespace
}  // namespace solstice::testing
