#include "pipelines/translate_flow.h"

#include <unistd.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "flow_fixture.h"

namespace solstice {
namespace {

using testing::files_below;
using testing::FlowTest;
using testing::json_lines;
using testing::test_image;
using testing::write_image;
using testing::write_text;

using Files = std::set<std::string>;

double largest_difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_INF);
}

TEST_F(FlowTest, KeepsTreeSizeAndEveryPixelsNegative) {
  write_image(in / "a.png", 31, 17, 1);
  write_image(in / "deep/er/b.png", 1, 1, 2);
  write_image(in / "deep/c.bmp", 5, 9, 3);
  const TranslateSummary summary = run();
  EXPECT_EQ(summary.found, 3);
  EXPECT_EQ(summary.done, 3);
  EXPECT_EQ(summary.failed + summary.skipped + summary.remaining, 0);
  EXPECT_FALSE(summary.stopped);
  EXPECT_EQ(files_below(out), (Files{"a.png", "deep/er/b.png", "deep/c.bmp"}));
  for (const std::string& name : files_below(out)) {
    const cv::Mat before = load_image((in / name).string()).pixels;
    const cv::Mat after = load_image((out / name).string()).pixels;
    ASSERT_EQ(before.size(), after.size());
    EXPECT_EQ(largest_difference(~before, after), 0);
  }
}

TEST_F(FlowTest, WritesWhatTheNameOfTheResultSays) {
  write_image(in / "a.jpg", 16, 16);
  fs::rename(in / "a.jpg", in / "lies.png");
  write_image(in / "b.jpg", 16, 16);
  run();
  EXPECT_EQ(read_header(read_file(out / "lies.png")).format, ImageFormat::kPng);
  EXPECT_EQ(read_header(read_file(out / "b.jpg")).format, ImageFormat::kJpeg);

  options.format = OutputFormat::kWebp;
  options.out = (folder / "web").string();
  run();
  EXPECT_EQ(files_below(options.out), (Files{"lies.webp", "b.webp"}));
  EXPECT_EQ(read_header(read_file(folder / "web/b.webp")).format, ImageFormat::kWebp);
}

TEST_F(FlowTest, QualityReachesTheEncoder) {
  write_image(in / "a.jpg", 200, 200);
  options.quality = 10;
  run();
  const auto small = fs::file_size(out / "a.jpg");
  options.quality = 95;
  options.existing = Existing::kOverwrite;
  run();
  EXPECT_GT(fs::file_size(out / "a.jpg"), 2 * small);
}

TEST_F(FlowTest, ASingleFileGoesDirectlyIntoTheOutput) {
  write_image(in / "deep/a.png");
  fs::rename(in / "deep/a.png", in / "deep/photo");
  options.inputs = {(in / "deep/photo").string()};
  EXPECT_EQ(run().done, 1);
  EXPECT_EQ(files_below(out), Files{"photo"});
}

TEST_F(FlowTest, BadFilesCostOnlyThemselves) {
  for (int i = 0; i < 280; ++i) write_image(in / message("good", i, ".png"), 8, 6, i);
  const std::string whole = read_file(in / "good0.png");
  for (int i = 0; i < 5; ++i) {
    write_text(in / message("empty", i, ".jpg"), "");
    write_text(in / message("text", i, ".jpg"), "this is a letter, not a photo\n");
    write_text(in / message("cut", i, ".png"), whole.substr(0, whole.size() / 2));
    fs::create_symlink("nowhere", in / message("link", i, ".png"));
  }
  options.report = (folder / "report.json").string();
  options.json = true;
  ::testing::internal::CaptureStderr();
  const TranslateSummary summary = run();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(summary.found, 300);
  EXPECT_EQ(summary.done, 280);
  EXPECT_EQ(summary.failed, 20);
  EXPECT_EQ(files_below(out).size(), 280u);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 20) << log;
  EXPECT_NE(log.find("error: " + (in / "empty0.jpg").string() + ": "), std::string::npos) << log;
  const std::string link = (in / "link0.png").string();
  EXPECT_NE(log.find(link + ": cannot be opened"), std::string::npos) << "named twice:\n" << log;

  const auto lines = json_lines(results.str());
  ASSERT_EQ(lines.size(), 300u);
  EXPECT_TRUE(std::is_sorted(lines.begin(), lines.end(), [](const auto& a, const auto& b) {
    return a["input"].template get<std::string>() < b["input"].template get<std::string>();
  }));
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& line) { return line["status"] == "failed"; }),
            20);
  EXPECT_EQ(report()["counts"]["done"], 280);
  EXPECT_EQ(report()["failures"].size(), 20u);
  EXPECT_EQ(report()["stages"].size(), 6u);
}

TEST_F(FlowTest, AModelThatThrowsFailsThatImage) {
  for (int i = 0; i < 9; ++i) write_image(in / message(i, ".png"), 10 + i, 5);
  model.translate = [](const Image& image) -> Image {
    if (image.width() == 13) throw Error(ErrorKind::kDevice, "no memory left\nbacktrace");
    if (image.width() == 15) throw std::bad_alloc();
    return image;
  };
  options.report = (folder / "report.json").string();
  const TranslateSummary summary = run();
  EXPECT_EQ(summary.done, 7);
  EXPECT_EQ(summary.failed, 2);
  EXPECT_EQ(report()["failures"][0]["error"], "no memory left");
  EXPECT_EQ(report()["failures"][0]["stage"], "infer");
  EXPECT_EQ(report()["failures"][1]["error"], "not enough memory");
  EXPECT_FALSE(fs::exists(out / "3.png"));
}

TEST_F(FlowTest, TheModelIsCalledOnTheCallersThread) {
  for (int i = 0; i < 20; ++i) write_image(in / message(i, ".png"));
  std::set<std::thread::id> threads;
  model.translate = [&](const Image& image) {
    threads.insert(std::this_thread::get_id());
    return image;
  };
  run();
  EXPECT_EQ(threads, std::set<std::thread::id>{std::this_thread::get_id()});
}

TEST_F(FlowTest, AnImageTooLargeForTheMemoryIsNotDecoded) {
  write_image(in / "small.png", 10, 10);
  write_image(in / "wide.png", 3000, 2);
  model.working_bytes = [](int width, int) { return int64_t{width} << 20; };
  options.memory.bytes = int64_t{100} << 20;
  options.report = (folder / "report.json").string();
  EXPECT_EQ(run().done, 1);
  EXPECT_EQ(report()["failures"][0]["error"],
            "an image of 3000x2 needs 2.9G of memory, --memory allows 100.0M");
  EXPECT_EQ(report()["failures"][0]["stage"], "read");
}

TEST_F(FlowTest, ImagesInFlightStayWithinTheMemory) {
  for (int i = 0; i < 60; ++i) write_image(in / message(i, ".bmp"), 100, 100, i);
  // One image: the file of 30 K and the pixels in and out, 90 K; its translation: 60 K.
  model.working_bytes = [](int, int) { return int64_t{60'000}; };
  options.memory.bytes = 260'000;
  options.jobs = 8;
  options.report = (folder / "report.json").string();
  EXPECT_EQ(run().done, 60);
  EXPECT_LE(report()["peak"]["bytes"], 260'000);
  EXPECT_GE(report()["peak"]["bytes"], 150'000);
}

TEST_F(FlowTest, ASignalFinishesWhatIsInFlightAndCountsTheRest) {
  for (int i = 0; i < 100; ++i) write_image(in / message(i, ".png"));
  std::atomic<int> translated{0};
  model.translate = [&](const Image& image) {
    if (++translated == 10) request_stop(2);
    return image;
  };
  options.report = (folder / "report.json").string();
  const TranslateSummary summary = run();
  EXPECT_TRUE(summary.stopped);
  EXPECT_GE(summary.done, 10);
  EXPECT_LT(summary.done, 30);
  EXPECT_EQ(summary.done + summary.remaining, 100);
  EXPECT_EQ(static_cast<int64_t>(files_below(out).size()), summary.done);
  EXPECT_EQ(report()["stopped"], true);
  EXPECT_EQ(report()["counts"]["remaining"], summary.remaining);

  request_stop(0);
  const TranslateSummary second = run();
  EXPECT_EQ(second.skipped, summary.done);
  EXPECT_EQ(second.done, summary.remaining);
  EXPECT_FALSE(second.stopped);
}

TEST_F(FlowTest, CollisionsAreFoundBeforeAnythingIsTouched) {
  write_image(in / "a.jpg");
  write_image(in / "a.png");
  options.format = OutputFormat::kPng;
  EXPECT_THROW(run(), Error);
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(FlowTest, OverwritesOrSkips) {
  write_image(in / "a.png", 8, 6, 1);
  write_image(out / "a.png", 3, 3, 2);
  EXPECT_EQ(run().skipped, 1);
  EXPECT_EQ(load_image((out / "a.png").string()).width(), 3);
  options.existing = Existing::kOverwrite;
  EXPECT_EQ(run().done, 1);
  EXPECT_EQ(load_image((out / "a.png").string()).width(), 8);
}

TEST_F(FlowTest, ADryRunTouchesNothing) {
  write_image(in / "a.png");
  write_image(in / "b/c.jpg");
  options.dry_run = true;
  options.format = OutputFormat::kPng;
  options.report = (folder / "report.json").string();
  options.gallery = (folder / "gallery").string();
  const TranslateSummary summary = run();
  EXPECT_EQ(summary.found, 2);
  EXPECT_EQ(summary.remaining, 2);
  EXPECT_EQ(summary.done, 0);
  EXPECT_EQ(files_below(folder.path()), (Files{"in/a.png", "in/b/c.jpg"}));
  EXPECT_FALSE(fs::exists(out));
  EXPECT_EQ(results.str(),
            message((in / "a.png").string(), " -> ", (out / "a.png").string(), "\n",
                    (in / "b/c.jpg").string(), " -> ", (out / "b/c.png").string(), "\n"));
  options.json = true;
  run();
  EXPECT_EQ(json_lines(results.str()).at(1)["output"], (out / "b/c.png").string());
}

TEST_F(FlowTest, JsonLinesNameInputOutputAndSize) {
  write_image(in / "a.png", 9, 7);
  write_image(in / "b.png", 4, 4);
  write_image(out / "b.png", 4, 4);
  options.json = true;
  run();
  const auto lines = json_lines(results.str());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["input"], (in / "a.png").string());
  EXPECT_EQ(lines[0]["output"], (out / "a.png").string());
  EXPECT_EQ(lines[0]["status"], "done");
  EXPECT_EQ(lines[0]["size"], nlohmann::json({9, 7}));
  EXPECT_EQ(lines[1]["status"], "skipped");
}

TEST_F(FlowTest, WithoutJsonNothingIsPrinted) {
  write_image(in / "a.png");
  run();
  EXPECT_EQ(results.str(), "");
}

TEST_F(FlowTest, AnOutputThatNobodyReadsEndsTheRun) {
  for (int i = 0; i < 500; ++i) write_image(in / message(i, ".png"));
  options.json = true;
  results.setstate(std::ios::badbit);
  EXPECT_THROW(run(), Error);
  EXPECT_LT(files_below(out).size(), 500u);
}

TEST_F(FlowTest, RemovesTemporariesOfDeadProcesses) {
  write_image(in / "sub/a.png");
  write_image(in / "b.png");
  write_image(out / "b.png");
  write_text(out / message(".b.png.tmp.", process_space(), ".999999999.3"), "half");
  write_text(out / message("sub/.a.png.tmp.", process_space(), ".999999999.4"), "half");
  write_text(out / ".note", "mine");
  run();
  EXPECT_EQ(files_below(out), (Files{"b.png", "sub/a.png", ".note"}));
}

TEST_F(FlowTest, NothingToDoIsAnError) {
  write_text(in / "notes.txt", "x");
  try {
    run();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_EQ(std::string(error.what()), "no images found in " + in.string());
  }
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(FlowTest, MakesAGalleryOfNewAndOldResults) {
  write_image(in / "a.png", 40, 30, 1);
  write_image(in / "b.png", 40, 30, 2);
  write_text(in / "c.png", "text");
  write_image(out / "b.png", 40, 30, 3);
  options.gallery = (folder / "gallery").string();
  run();
  EXPECT_EQ(load_image((folder / "gallery/before_after.png").string()).height(), 30 + 8 + 30);
}

TEST_F(FlowTest, APlaceholderInAResultsPlaceFailsThatFile) {
  write_image(in / "a.png");
  write_image(in / "b.png");
  write_text(out / "a.png/inside", "x");
  const TranslateSummary summary = run();
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(summary.done, 1);
  EXPECT_EQ(files_below(out), (Files{"a.png/inside", "b.png"}));
}

TEST_F(FlowTest, ManySkippedFilesCostNoDecoding) {
  for (int i = 0; i < 100; ++i) write_text(in / message(i, ".png"), "text");
  fs::copy(in, out, fs::copy_options::recursive);
  EXPECT_EQ(run().skipped, 100);
}

}  // namespace
}  // namespace solstice
