#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "flow_fixture.h"
#include "pipelines/folder_watch.h"
#include "pipelines/line_reader.h"
#include "pipelines/serve_flow.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::FlowTest;
using testing::json_lines;
using testing::TemporaryDirectory;
using testing::write_image;
using testing::write_text;

using Got = LineReader::Got;

bool never() { return false; }

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0); }
  ~Pipe() {
    close(ends[0]);
    close_input();
  }
  void put(const std::string& text) const {
    EXPECT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close_input() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
  int ends[2] = {-1, -1};
};

TEST(LineReader, GivesLinesAsTheyComeAndALastOneWithoutItsEnd) {
  Pipe pipe;
  LineReader reader(pipe.ends[0], 10);
  std::string line;
  pipe.put("a\n\nlonger ");
  EXPECT_EQ(reader.next(line, never), Got::kLine);
  EXPECT_EQ(line, "a");
  EXPECT_EQ(reader.next(line, never), Got::kLine);
  EXPECT_EQ(line, "");
  pipe.put("x\n0123456789\nend");
  pipe.close_input();
  for (const char* expected : {"longer x", "0123456789", "end"}) {
    EXPECT_EQ(reader.next(line, never), Got::kLine);
    EXPECT_EQ(line, expected);
  }
  EXPECT_EQ(reader.next(line, never), Got::kEnd);
}

TEST(LineReader, PassesOverTheRestOfALongLine) {
  Pipe pipe;
  LineReader reader(pipe.ends[0], 10);
  std::string line;
  pipe.put("0123456789a\nnext\n" + std::string(3000, 'x'));
  EXPECT_EQ(reader.next(line, never), Got::kTooLong);
  EXPECT_EQ(line, "0123456789");
  EXPECT_EQ(reader.next(line, never), Got::kLine);
  EXPECT_EQ(line, "next");
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) pipe.put(std::string(5000, 'y'));
    pipe.put("\nafter\n");
  });
  EXPECT_EQ(reader.next(line, never), Got::kTooLong);
  EXPECT_EQ(line, "xxxxxxxxxx");
  EXPECT_EQ(reader.next(line, never), Got::kLine);
  EXPECT_EQ(line, "after");
  writer.join();
}

TEST(LineReader, StopsWaitingWhenAsked) {
  Pipe pipe;
  LineReader reader(pipe.ends[0], 10);
  std::string line;
  int asked = 0;
  EXPECT_EQ(reader.next(line, [&] { return ++asked > 2; }), Got::kEnd);
}

TEST(FolderWatch, TellsOnceOfFilesThatAreWrittenMovedAndLinked) {
  const TemporaryDirectory folder;
  const fs::path in = folder / "in", out = folder / "in/out";
  fs::create_directories(out);
  write_image(folder / "moved.png");
  FolderWatch watch({in.string()}, out);
  EXPECT_EQ(watch.folders(), 1U);
  const auto next = [&] { return watch.next(never).value().relative; };
  write_text(in / "out/result.png", "a result");
  write_text(in / "note.txt", "no image");
  write_image(in / ".hidden.png");
  write_image(in / "a.png");
  EXPECT_EQ(next(), "a.png");
  write_file_atomically(in / "whole.png", "b");
  EXPECT_EQ(next(), "whole.png");
  fs::rename(folder / "moved.png", in / "moved.png");
  EXPECT_EQ(next(), "moved.png");
  fs::create_symlink("moved.png", in / "link.png");
  EXPECT_EQ(next(), "link.png");
  write_text(in / "a.png", "written anew");
  EXPECT_EQ(next(), "a.png");
}

TEST(FolderWatch, FollowsFoldersThatAreMadeMovedAndRemoved) {
  const TemporaryDirectory folder;
  const fs::path in = folder / "in";
  fs::create_directories(in / "old");
  write_image(folder / "apart/deep/x.png");
  FolderWatch watch({in.string()}, folder / "out");
  const auto next = [&] { return watch.next(never).value().relative; };
  write_image(in / "new/a.png");
  EXPECT_EQ(next(), "new/a.png");
  write_image(in / "new/b.png");
  EXPECT_EQ(next(), "new/b.png");
  fs::rename(folder / "apart", in / "apart");
  EXPECT_EQ(next(), "apart/deep/x.png");
  fs::rename(in / "new", in / "renamed");
  write_image(in / "renamed/c.png");
  std::set<std::string> seen{next(), next(), next()};
  EXPECT_EQ(seen, (std::set<std::string>{"renamed/a.png", "renamed/b.png", "renamed/c.png"}));
  fs::remove_all(in / "old");
  fs::create_directory_symlink("..", in / "renamed/up");
  write_image(in / "z.png");
  EXPECT_EQ(next(), "z.png");
}

TEST(FolderWatch, KnowsAFileThatIsBeingWritten) {
  const TemporaryDirectory folder;
  std::ofstream growing(folder / "a.png");
  EXPECT_TRUE(is_being_written(folder / "a.png"));
  growing.close();
  EXPECT_FALSE(is_being_written(folder / "a.png"));
  EXPECT_FALSE(is_being_written(folder / "nowhere.png"));
}

TEST_F(FlowTest, ServesLinesWhileItTranslates) {
  options.inputs.clear();
  options.serve = true;
  for (int i = 0; i < 40; ++i) write_image(in / (std::to_string(i) + ".png"), 9, 9, i);
  Pipe pipe;
  std::thread asker([&] {
    for (int i = 0; i < 40; ++i) pipe.put((in / (std::to_string(i) + ".png")).string() + "\n");
    pipe.close_input();
  });
  const TranslateSummary summary = run_serve_flow(options, model, pipe.ends[0], results);
  asker.join();
  EXPECT_EQ(summary.done, 40);
  const auto answers = json_lines(results.str());
  ASSERT_EQ(answers.size(), 40U);
  for (size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(answers[i]["output"], (out / (std::to_string(i) + ".png")).string());
  }
}

TEST_F(FlowTest, AServedRunEndsAtAStopThoughNoLineComes) {
  options.inputs.clear();
  options.serve = true;
  const Pipe pipe;
  request_stop(15);
  EXPECT_TRUE(run_serve_flow(options, model, pipe.ends[0], results).stopped);
}

}  // namespace
}  // namespace solstice
