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
  OutputPlan plan(const std::vector<std::string>& names) {
    std::vector<ListedFile> files;
    for (const std::string& name : names) files.push_back({(folder / "in" / name).string(), name});
    return OutputPlan(std::move(files), options, context);
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
  OutputContext context{"night", 7, {}};
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
  const OutputPlan jobs = plan({"a.jpg", "b.jpg"});
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
  const OutputPlan jobs = plan({"stale.jpg", "fresh.jpg", "absent.jpg"});
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

TEST_F(PlanTest, NamesResultsByTheTemplate) {
  options.name = "{stem}_{model}{ext}";
  EXPECT_EQ(plan({"a/b.JPG"})[0].place, "a/b_night.JPG");
  EXPECT_EQ(plan({"plain"})[0].place, "plain_night");
  options.format = OutputFormat::kPng;
  EXPECT_EQ(plan({"a/b.JPG"})[0].place, "a/b_night.png");
  EXPECT_EQ(plan({"holiday.2019"})[0].place, "holiday.2019_night.png");
  options.name = "{stem}.jpg";
  EXPECT_NE(refusal({"a.jpg"}, ErrorKind::kUsage).find("which is no name for --format png"),
            std::string::npos);
}

TEST_F(PlanTest, RefusesATemplateThatGivesOneNameTwice) {
  options.name = "{model}{ext}";
  EXPECT_NE(refusal({"a.jpg", "b.jpg"}, ErrorKind::kUsage).find("have the same result"),
            std::string::npos);
  EXPECT_NO_THROW(plan({"a/a.jpg", "b/a.jpg"}));
}

TEST_F(PlanTest, TakesTheFirstFilesUpToTheLimit) {
  options.selection.limit = 2;
  EXPECT_EQ(plan({"c.jpg", "a.jpg", "b.jpg"}).size(), 2U);
  EXPECT_EQ(plan({"c.jpg", "a.jpg", "b.jpg"})[0].place, "c.jpg");
}

TEST_F(PlanTest, KeepsTheShardsOwnFilesButChecksAll) {
  const std::vector<std::string> names{"a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"};
  size_t taken = 0;
  for (int64_t i = 0; i < 3; ++i) {
    context.shard = {i, 3, ""};
    taken += plan(names).size();
  }
  EXPECT_EQ(taken, names.size());
  options.format = OutputFormat::kPng;
  for (int64_t i = 0; i < 3; ++i) {
    context.shard = {i, 3, ""};
    EXPECT_NE(refusal({"a.jpg", "a.png", "b.jpg"}, ErrorKind::kUsage), "") << i;
  }
}

TEST_F(PlanTest, SeesAResultThatAppearedSince) {
  write_text(folder / "in/a.jpg", "x");
  const OutputPlan jobs = plan({"a.jpg"});
  EXPECT_FALSE(jobs[0].skip);
  write_text(folder / "out/a.jpg", "another process was faster");
  EXPECT_TRUE(jobs[0].skip);
}

TEST(ResultHash, ChangesWithWhatShowsInResults) {
  TranslateOptions options;
  const uint64_t before = result_hash("model", options);
  EXPECT_NE(result_hash("other", options), before);
  options.out = "elsewhere";
  options.jobs = 7;
  options.existing = Existing::kChanged;
  options.selection.limit = 3;
  options.selection.hidden = true;
  options.shard = "1/2";
  EXPECT_EQ(result_hash("model", options), before);
  options.quality = 1;
  EXPECT_NE(result_hash("model", options), before);
}

}  // namespace
}  // namespace solstice
