#include "core/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "core/message.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

using testing::fails_with;
using testing::TemporaryDirectory;

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(AtomicFile, AppearsWholeOnCommit) {
  const TemporaryDirectory directory;
  AtomicFile file(directory / "a.txt");
  file.write("one ");
  file.write("two");
  EXPECT_FALSE(fs::exists(directory / "a.txt"));
  file.commit();
  EXPECT_EQ(read_file(directory / "a.txt"), "one two");
  EXPECT_EQ(names_in(directory.path()), std::vector<std::string>{"a.txt"});
}

TEST(AtomicFile, KeepsSizeAndTimeWhenItIsPutInPlace) {
  const TemporaryDirectory directory;
  AtomicFile file(directory / "a.txt");
  file.write("text");
  file.begin_sync();
  file.sync();
  const auto time = fs::last_write_time(file.temporary());
  EXPECT_FALSE(fs::exists(directory / "a.txt"));
  file.put_in_place();
  EXPECT_EQ(fs::last_write_time(directory / "a.txt"), time);
  EXPECT_EQ(fs::file_size(directory / "a.txt"), 4U);
  EXPECT_FALSE(fs::exists(file.temporary()));
}

TEST(AtomicFile, LeavesNothingBehindWithoutCommit) {
  const TemporaryDirectory directory;
  {
    AtomicFile file(directory / "a.txt");
    file.write("half");
    EXPECT_EQ(names_in(directory.path()).size(), 1U);
    EXPECT_TRUE(is_temporary_name(names_in(directory.path())[0]));
  }
  EXPECT_TRUE(names_in(directory.path()).empty());
}

TEST(AtomicFile, ReplacesAnOlderFile) {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "a", "old and longer");
  write_file_atomically(directory / "a", "new");
  EXPECT_EQ(read_file(directory / "a"), "new");
}

TEST(AtomicFile, CleansUpWhenItsTargetIsADirectory) {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "a");
  EXPECT_TRUE(fails_with("a: cannot be put in place",
                         [&] { write_file_atomically(directory / "a", "text"); }));
  EXPECT_EQ(names_in(directory.path()), std::vector<std::string>{"a"});
}

TEST(AtomicFile, NamesTheTargetWhenItCannotBeCreated) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(fails_with((directory / "absent/a").string() + ": cannot be created: No such file",
                         [&] { write_file_atomically(directory / "absent/a", "text"); }));
}

TEST(AtomicFile, WritesNamesOfEveryLengthAFileSystemTakes) {
  const TemporaryDirectory directory;
  for (const size_t length : {1U, 230U, 240U, 250U, 254U, 255U}) {
    const std::string name = std::string(length - 1, 'n') + "x";
    write_file_atomically(directory / name, name);
    EXPECT_EQ(read_file(directory / name), name) << length;
  }
  EXPECT_TRUE(fails_with("cannot be put in place: File name too long",
                         [&] { write_file_atomically(directory / std::string(256, 'n'), ""); }));
  EXPECT_EQ(names_in(directory.path()).size(), 6U);
}

TEST(AtomicFile, ShortensLongNamesBetweenCharacters) {
  const TemporaryDirectory directory;
  for (int shift = 0; shift < 3; ++shift) {
    std::string name(static_cast<size_t>(shift), 'a');
    while (name.size() + 3 <= 255) name += "\xe6\x97\xa5";  // U+65E5, three bytes
    const AtomicFile file(directory / name);
    const std::string temporary = names_in(directory.path()).at(0);
    EXPECT_LE(temporary.size(), 255U);
    const size_t kept = temporary.rfind(".tmp.") - 1 - static_cast<size_t>(shift);
    EXPECT_EQ(kept % 3, 0U) << shift;
    EXPECT_TRUE(is_temporary_name(temporary));
  }
}

TEST(Temporaries, AreKnownByTheirNames) {
  EXPECT_TRUE(is_temporary_name(".photo.jpg.tmp.0123abcd.123.0"));
  for (const char* name :
       {"photo.jpg.tmp.0123abcd.123.0", ".photo.jpg", ".photo.tmp.", ".photo.tmp.0123abcd",
        ".photo.tmp.0123abcd.123", ".photo.tmp.0123abcd.x.0", ".photo.tmp.0123abcd.123.0x",
        ".photo.tmp.0123abcd.-1.0", ".photo.tmp.123.0", ".photo.tmp.0123abcd..", ""}) {
    EXPECT_FALSE(is_temporary_name(name)) << name;
  }
}

TEST(Temporaries, AreRemovedWhenTheirProcessIsGone) {
  const TemporaryDirectory directory;
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_GT(child, 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  const auto temporary = [&](pid_t owner) {
    return directory / message(".a.tmp.", process_space(), ".", owner, ".0");
  };
  write_file_atomically(temporary(child), "stale");
  write_file_atomically(temporary(getpid()), "mine");
  write_file_atomically(temporary(getppid()), "another's");
  write_file_atomically(directory / "a.tmp", "a file of the user's");
  EXPECT_EQ(remove_stale_temporaries(directory.path()), 1);
  EXPECT_EQ(names_in(directory.path()).size(), 3U);
  EXPECT_EQ(remove_stale_temporaries(directory / "absent"), 0);
}

// Two machines work in one folder: a process id of the one means nothing on the other.
TEST(Temporaries, OfAnotherMachineStayWhileTheyMayBeInFlight) {
  const TemporaryDirectory directory;
  const fs::path fresh = directory / ".a.tmp.ffffffff.999999999.0";
  const fs::path old = directory / ".b.tmp.ffffffff.999999999.0";
  write_file_atomically(fresh, "in flight");
  write_file_atomically(old, "left by a machine that went away");
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(remove_stale_temporaries(directory.path()), 1);
  EXPECT_TRUE(fs::exists(fresh));
  EXPECT_FALSE(fs::exists(old));
}

TEST(ReadFile, ReturnsEveryByte) {
  const TemporaryDirectory directory;
  const std::string bytes("a\0b\r\n\xff", 6);
  write_file_atomically(directory / "a", bytes);
  EXPECT_EQ(read_file(directory / "a"), bytes);
  write_file_atomically(directory / "empty", "");
  EXPECT_EQ(read_file(directory / "empty"), "");
}

TEST(ReadFile, NamesTheFileAndWhatIsWrong) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(fails_with("absent: cannot be opened: No such file",
                         [&] { read_file(directory / "absent"); }));
  EXPECT_TRUE(fails_with("is a directory, expected a file", [&] { read_file(directory.path()); }));
  write_file_atomically(directory / "a", "12345");
  EXPECT_TRUE(fails_with("a: has 5 bytes, the limit is 4", [&] { read_file(directory / "a", 4); }));
  EXPECT_TRUE(fails_with("a: has 5 bytes, --memory allows 4",
                         [&] { read_file(directory / "a", 4, "--memory"); }));
  EXPECT_EQ(read_file(directory / "a", 5), "12345");
}

TEST(ReadFile, RefusesANamedPipeInsteadOfWaitingForIt) {
  const TemporaryDirectory directory;
  ASSERT_EQ(mkfifo((directory / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(fails_with("is special, expected a file", [&] { read_file(directory / "pipe"); }));
}

TEST(MakeDirectories, MakesParentsAndNamesWhatIsInTheWay) {
  const TemporaryDirectory directory;
  make_directories(directory / "a/b/c");
  make_directories(directory / "a/b/c");
  EXPECT_TRUE(fs::is_directory(directory / "a/b/c"));
  write_file_atomically(directory / "file", "");
  EXPECT_TRUE(fails_with("file: cannot be made", [&] { make_directories(directory / "file"); }));
  EXPECT_TRUE(
      fails_with("file/x: cannot be made", [&] { make_directories(directory / "file/x"); }));
}

TEST(FileNames, HaveLowerCaseExtensions) {
  EXPECT_EQ(lower_extension("a/B.JpEg"), ".jpeg");
  EXPECT_EQ(lower_extension("a.b/c"), "");
}

TEST(Hex, WritesTwoDigitsAByte) {
  const unsigned char bytes[] = {0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(to_hex(bytes), "000fa5ff");
}

}  // namespace
}  // namespace solstice
