#include <sys/mount.h>
#include <unistd.h>

#include <map>

#include "flow_fixture.h"
#include "pipelines/photo_run.h"

namespace solstice {
namespace {

using testing::files_below;
using testing::FlowTest;
using testing::write_image;
using testing::write_text;

/// A file system of a given size in a folder, where we may mount one.
class SmallDisk {
 public:
  SmallDisk(const fs::path& folder, const char* size) : folder_(folder) {
    fs::create_directories(folder);
    mounted_ = mount("tmpfs", folder.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  bool make_read_only() { return mount("", folder_.c_str(), "", MS_REMOUNT | MS_RDONLY, "") == 0; }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

std::string output_error(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kOutput) << error.what();
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(FlowTest, AFullDiskEndsTheRunInOneLineAndKeepsWhatIsWhole) {
  const SmallDisk disk(out, "size=512k");
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a small tmpfs";
  for (int i = 0; i < 100; ++i) write_image(in / message(i, ".bmp"), 100, 100, i);
  options.report = (folder / "report.json").string();
  ::testing::internal::CaptureStderr();
  const std::string error = output_error([&] { run(); });
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_NE(error.find("No space left on device; stopped after "), std::string::npos) << error;

  const std::set<std::string> results_there = files_below(out);
  EXPECT_GE(results_there.size(), 5u);
  EXPECT_LT(results_there.size(), 20u);
  for (const std::string& name : results_there) {
    EXPECT_EQ(load_image((out / name).string()).width(), 100) << name;
  }
  EXPECT_EQ(report()["counts"]["done"], results_there.size());
  EXPECT_EQ(report()["counts"]["failed"], 0);
  EXPECT_EQ(report()["counts"]["remaining"], 100 - results_there.size());
  EXPECT_NE(report()["error"].get<std::string>().find("No space"), std::string::npos);
}

TEST_F(FlowTest, ADiskThatCannotBeWrittenEndsTheRunAtOnce) {
  SmallDisk disk(out, "size=512k");
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a small tmpfs";
  ASSERT_TRUE(disk.make_read_only());
  write_image(in / "a.png");
  int translated = 0;
  model.translate = [&](const Image& image) { return ++translated, image; };
  EXPECT_EQ(output_error([&] { run(); }),
            out.string() + ": cannot be written: Read-only file system");
  EXPECT_EQ(translated, 0);
}

TEST_F(FlowTest, AnOutputThatCannotBeMadeEndsTheRunAtOnce) {
  write_image(in / "a.png");
  write_text(folder / "file", "x");
  options.out = (folder / "file/out").string();
  EXPECT_NE(output_error([&] { run(); }).find("file/out: cannot be made: "), std::string::npos);
}

TEST_F(FlowTest, AReportThatCannotBeWrittenEndsTheRunBeforeTheFirstPixel) {
  write_image(in / "a.png");
  write_text(folder / "file", "x");
  options.report = (folder / "file/report.json").string();
  EXPECT_NE(output_error([&] { run(); }).find("cannot be made"), std::string::npos);
  options.report = folder.path().string();
  EXPECT_THROW(run(), Error);
  EXPECT_TRUE(files_below(out).empty());
}

/// Permissions do not bind root; as nobody, they do.
class WithoutPrivileges {
 public:
  explicit WithoutPrivileges(const fs::path& folder) {
    if (geteuid() != 0) return;
    fs::permissions(folder, fs::perms(0755));
    was_root_ = seteuid(65534) == 0;
  }
  ~WithoutPrivileges() {
    if (was_root_ && seteuid(0) != 0) ADD_FAILURE() << "cannot become root again";
  }
  static bool are_bound() { return geteuid() != 0; }

 private:
  bool was_root_ = false;
};

TEST_F(FlowTest, AFolderWithoutWritePermissionEndsTheRunAtOnce) {
  write_image(in / "a.png");
  fs::create_directories(out);
  fs::permissions(out, fs::perms(0555));
  std::string error;
  {
    const WithoutPrivileges nobody(folder.path());
    if (!nobody.are_bound()) GTEST_SKIP() << "permissions do not bind this user";
    error = output_error([&] { run(); });
  }
  fs::permissions(out, fs::perms::owner_all);
  EXPECT_EQ(error, out.string() + ": cannot be written: Permission denied");
}

TEST_F(FlowTest, AFileWithoutReadPermissionCostsOnlyItself) {
  write_image(in / "a.png");
  write_image(in / "b.png");
  write_image(in / "locked/c.png");
  fs::create_directories(out);
  fs::permissions(out, fs::perms::all);
  fs::permissions(in / "a.png", fs::perms::none);
  fs::permissions(in / "locked", fs::perms::none);
  TranslateSummary summary;
  {
    const WithoutPrivileges nobody(folder.path());
    if (!nobody.are_bound()) GTEST_SKIP() << "permissions do not bind this user";
    summary = run();
  }
  fs::permissions(in / "locked", fs::perms::owner_all);
  EXPECT_EQ(summary.found, 3);
  EXPECT_EQ(summary.done, 1);
  EXPECT_EQ(summary.failed, 2);
  EXPECT_EQ(files_below(out), std::set<std::string>{"b.png"});
}

/// Killed in between, a run leaves a line without a result, never a result that no line tells of.
TEST_F(FlowTest, TheJournalKnowsOfAResultBeforeItAppears) {
  for (int i = 0; i < 40; ++i) write_image(in / message(i, ".png"), 8, 6, i);
  Journal journal(out, "whole");
  PlaceWithin places(out);
  int next = 0;
  std::map<std::string, FileStamp> written;
  const auto source = [&]() -> std::unique_ptr<Item> {
    if (next == 40) return nullptr;
    const std::string name = message(next++, ".png");
    return read_photo(Job{in / name, out / name, false, name}, options, model);
  };
  const auto note = [&](const Photo& photo) {
    EXPECT_FALSE(fs::exists(photo.job.output));
    written[photo.job.place] = stamp_of(photo.file->temporary()).value();
    note_written(journal, places, photo, 7);
  };
  int finished = 0;
  run_photos(options, model, 1, Appearance::kTogether, {source, note, [&](Photo& photo) {
                                                          EXPECT_EQ(photo.failure, "");
                                                          EXPECT_TRUE(fs::exists(photo.job.output));
                                                          ++finished;
                                                        }});
  EXPECT_EQ(finished, 40);
  const Makings makings = read_journals(out);
  EXPECT_EQ(makings.size(), 40U);
  for (const auto& [place, stamp] : written) {
    EXPECT_EQ(stamp_of(out / place), stamp);
    EXPECT_EQ(makings.at(place).output, stamp);
  }
}

}  // namespace
}  // namespace solstice
