#include "pipelines/outputs.h"

#include "flow_fixture.h"

namespace solstice {
namespace {

using testing::TemporaryDirectory;
using testing::write_text;

TEST(Outputs, KeepTheNameUnlessTheFormatIsAnother) {
  EXPECT_EQ(output_name("a/b.JPG", OutputFormat::kSame), "a/b.JPG");
  EXPECT_EQ(output_name("a/b.JPEG", OutputFormat::kJpeg), "a/b.JPEG");
  EXPECT_EQ(output_name("a/b.JPG", OutputFormat::kPng), "a/b.png");
  EXPECT_EQ(output_name("a.b/c.tif", OutputFormat::kWebp), "a.b/c.webp");
  EXPECT_EQ(output_name("holiday.2019", OutputFormat::kPng), "holiday.2019.png");
  EXPECT_EQ(output_name("plain", OutputFormat::kSame), "plain");
}

TEST(Outputs, FollowTheExtensionAndElseTheContent) {
  EXPECT_EQ(output_format("a.png", ImageFormat::kJpeg), ImageFormat::kPng);
  EXPECT_EQ(output_format("plain", ImageFormat::kTiff), ImageFormat::kTiff);
}

struct PlanTest : ::testing::Test {
  std::vector<Job> plan(const std::vector<std::string>& names) {
    std::vector<ListedFile> files;
    for (const std::string& name : names) files.push_back({folder / "in" / name, name});
    return plan_outputs(files, options);
  }
  std::string refusal(const std::vector<std::string>& names, ErrorKind kind) {
    try {
      plan(names);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      return error.what();
    }
    return "";
  }
  void set_times(const std::string& name, int input_hours, int output_hours) {
    write_text(folder / "in" / name, "x");
    write_text(folder / "out" / name, "x");
    const auto base = fs::file_time_type::clock::now() - std::chrono::hours(100);
    fs::last_write_time(folder / "in" / name, base + std::chrono::hours(input_hours));
    fs::last_write_time(folder / "out" / name, base + std::chrono::hours(output_hours));
  }

  TemporaryDirectory folder;
  TranslateOptions options = [this] {
    TranslateOptions made;
    made.out = (folder / "out").string();
    return made;
  }();
};

TEST_F(PlanTest, RefusesTwoInputsWithOneResult) {
  options.format = OutputFormat::kPng;
  const std::string text = refusal({"a.jpg", "a.png", "b.bmp", "b.tif"}, ErrorKind::kUsage);
  EXPECT_NE(text.find("in/a.jpg and"), std::string::npos) << text;
  EXPECT_NE(text.find("out/a.png (and 1 more)"), std::string::npos) << text;
  EXPECT_NO_THROW(plan({"a.jpg", "c.png", "A.jpg"}));
}

TEST_F(PlanTest, RefusesAResultThatIsAnInput) {
  write_text(folder / "in/a.jpg", "x");
  options.out = (folder / "in/../in").string();
  EXPECT_NE(refusal({"a.jpg"}, ErrorKind::kUsage).find("would replace the input"),
            std::string::npos);
  options.format = OutputFormat::kPng;
  EXPECT_NO_THROW(plan({"a.jpg"}));
}

TEST_F(PlanTest, SeesThroughALinkedFolder) {
  write_text(folder / "in/a.jpg", "x");
  fs::create_directory_symlink(folder / "in", folder / "out");
  EXPECT_NE(refusal({"a.jpg"}, ErrorKind::kUsage), "");
}

TEST_F(PlanTest, SkipsWhatIsThere) {
  set_times("a.jpg", 2, 1);
  const std::vector<Job> jobs = plan({"a.jpg", "b.jpg"});
  EXPECT_TRUE(jobs[0].skip);
  EXPECT_FALSE(jobs[1].skip);
}

TEST_F(PlanTest, OverwritesOnRequest) {
  set_times("a.jpg", 1, 2);
  options.existing = Existing::kOverwrite;
  EXPECT_FALSE(plan({"a.jpg"})[0].skip);
}

TEST_F(PlanTest, RedoesWhatIsOlderThanItsInput) {
  options.existing = Existing::kNewer;
  set_times("stale.jpg", 2, 1);
  set_times("fresh.jpg", 1, 2);
  const std::vector<Job> jobs = plan({"stale.jpg", "fresh.jpg", "absent.jpg"});
  EXPECT_FALSE(jobs[0].skip);
  EXPECT_TRUE(jobs[1].skip);
  EXPECT_FALSE(jobs[2].skip);
}

TEST_F(PlanTest, ErrorRefusesWhenAResultIsThere) {
  options.existing = Existing::kError;
  EXPECT_NO_THROW(plan({"a.jpg"}));
  set_times("a.jpg", 1, 2);
  EXPECT_NE(refusal({"a.jpg", "b.jpg"}, ErrorKind::kOutput).find("out/a.jpg exists"),
            std::string::npos);
}

TEST_F(PlanTest, AFolderInTheResultsPlaceIsNoResult) {
  fs::create_directories(folder / "out/a.jpg");
  EXPECT_FALSE(plan({"a.jpg"})[0].skip);
}

}  // namespace
}  // namespace solstice
