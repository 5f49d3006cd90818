// Results beside their photos: what an earlier run made is no photo of the next.
#include "pipelines/earlier_results.h"

#include "core/message.h"
#include "flow_fixture.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;
using testing::files_below;
using testing::FlowTest;
using testing::write_image;
using testing::write_text;

struct BesideTest : FlowTest {
  BesideTest() {
    options.out = options.inputs[0];
    options.name = "{stem}_n{ext}";
    write_image(in / "a.jpg");
    write_image(in / "sub/b.png");
  }
  const std::set<std::string> all{"a.jpg", "a_n.jpg", "sub/b.png", "sub/b_n.png"};
};

TEST_F(BesideTest, TheSameCommandSkipsAndGoesOn) {
  EXPECT_EQ(run().done, 2);
  EXPECT_EQ(run().skipped, 2);
  write_image(in / "c.jpg");
  fs::remove(in / "a_n.jpg");
  TranslateSummary summary = run();
  EXPECT_EQ(summary.done, 2);
  EXPECT_EQ(summary.skipped, 1);
  options.existing = Existing::kOverwrite;
  EXPECT_EQ(run().done, 3);
  options.existing = Existing::kChanged;
  EXPECT_EQ(run().skipped, 3);
  options.name = "{stem}_m{ext}";
  EXPECT_EQ(run().done, 3) << "under other names, too";
}

TEST_F(BesideTest, AYoungerPhotoAndADryRun) {
  run();
  fs::last_write_time(in / "a.jpg", fs::file_time_type::clock::now() + std::chrono::hours(1));
  options.existing = Existing::kNewer;
  options.dry_run = true;
  EXPECT_EQ(run().remaining, 1);
  options.dry_run = false;
  EXPECT_EQ(run().done, 1);
  EXPECT_EQ(files_below(in), all);
}

TEST_F(BesideTest, WhateverLeadsToTheFolder) {
  fs::create_directory_symlink(in, folder / "link");
  options.out = (folder / "link/").string();
  run();
  options.inputs = {(folder / "link/../in/.").string()};
  EXPECT_EQ(run().skipped, 2);
  options.inputs = {(in / "sub").string()};
  options.name = "sub/{stem}_n{ext}";
  EXPECT_EQ(run().skipped, 1);
  options.out = folder.path().string();
  EXPECT_EQ(run().found, 2) << "what another journal tells of is not known here";
}

TEST_F(BesideTest, MasksOfResultsAreNoPhotos) {
  write_image(in / "a_mask.png");
  options.sidecars = true;
  EXPECT_EQ(run().done, 2);
  EXPECT_EQ(run().skipped, 2);
}

TEST_F(BesideTest, WhatIsNamedOrEditedOrFromElsewhereIsTaken) {
  run();
  write_text(in / "sub/b_n.png", "edited");
  options.out = (folder / "apart").string();
  EXPECT_EQ(run().found, 4) << "results beside photos are photos of another folder's runs";
  options.out = in.string();
  EXPECT_TRUE(fails_with("would replace the input", [&] { run(); }));
  fs::remove(in / "sub/b.png");
  EXPECT_EQ(run().failed, 1);
  options.inputs = {(in / "a_n.jpg").string()};
  EXPECT_EQ(run().done, 1);
}

TEST_F(BesideTest, ResultsOfPhotosFromElsewhereArePhotosOfTheNextRun) {
  options.out = out.string();
  options.name.clear();
  run();
  options.inputs = {out.string()};
  options.name = "{stem}_2{ext}";
  EXPECT_EQ(run().done, 2);
  EXPECT_EQ(run().skipped, 2);
}

TEST_F(BesideTest, AFolderOfNothingButResultsSaysSo) {
  run();
  fs::remove(in / "a.jpg");
  fs::remove(in / "sub/b.png");
  EXPECT_TRUE(fails_with("only results of earlier runs", [&] { run(); }));
}

}  // namespace
}  // namespace solstice
