#include "pipelines/journal.h"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "flow_fixture.h"

namespace solstice {
namespace {

using testing::FlowTest;
using testing::TemporaryDirectory;
using testing::write_image;
using testing::write_text;

const Making kMaking{{10, 11}, {20, 21}, 0xfedcba9876543210, true};

TEST(JournalLine, ComesBackAsItWas) {
  for (const std::string& place :
       {std::string("a.jpg"), std::string("a b/100%\n\"\\.jpg"), std::string("\xff\xfe\0x", 4)}) {
    const std::string line = journal_line(place, kMaking);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto back = parse_journal_line(line);
    ASSERT_TRUE(back) << line;
    EXPECT_EQ(back->first, place);
    EXPECT_EQ(back->second.input, kMaking.input);
    EXPECT_EQ(back->second.output, kMaking.output);
    EXPECT_EQ(back->second.made_by, kMaking.made_by);
    EXPECT_TRUE(back->second.from_within);
  }
}

TEST(JournalLine, ThatIsCutOffOrDamagedIsNothing) {
  const std::string line = journal_line("a.jpg", kMaking);
  for (size_t length = 0; length < line.size(); ++length) {
    EXPECT_FALSE(parse_journal_line(line.substr(0, length))) << length;
  }
  for (const char* text :
       {"[]", "{}", "null",
        R"({"place":1,"input":[1,2],"output":[1,2],"made_by":"0123456789abcdef"})",
        R"({"place":"a%4","input":[1,2],"output":[1,2],"made_by":"0123456789abcdef"})",
        R"({"place":"a","input":[1],"output":[1,2],"made_by":"0123456789abcdef"})",
        R"({"place":"a","input":[1,2],"output":[1,2.5],"made_by":"0123456789abcdef"})",
        R"({"place":"a","input":[1,2],"output":[1,2],"made_by":"0123456789abcdeg"})"}) {
    EXPECT_FALSE(parse_journal_line(text)) << text;
  }
}

TEST(Journals, OfAllSharesAreReadAndTheYoungestResultCounts) {
  const TemporaryDirectory out;
  Making later = kMaking;
  later.output.time = 50;
  later.made_by = 2;
  Journal(out.path(), "shard-0-of-2").add("a.jpg", later);
  Journal second(out.path(), "shard-1-of-2");
  second.add("a.jpg", kMaking);
  second.add("b.jpg", kMaking);
  const Makings makings = read_journals(out.path());
  ASSERT_EQ(makings.size(), 2U);
  EXPECT_EQ(makings.at("a.jpg").made_by, 2U);
}

TEST(Journals, PassOverDamageAndGoOnAfterATornLine) {
  const TemporaryDirectory out;
  Journal(out.path(), "whole").add("a.jpg", kMaking);
  std::ofstream(out / ".solstice/journal-whole.jsonl", std::ios::app) << R"({"place":"torn.jp)";
  Journal(out.path(), "whole").add("b.jpg", kMaking);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(read_journals(out.path()).size(), 2U);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("1 damaged lines"), std::string::npos);
}

TEST(Journals, AreWrittenAnewWhenTheyHaveGrown) {
  const TemporaryDirectory out;
  const fs::path file = out / ".solstice/journal-whole.jsonl";
  {
    Journal journal(out.path(), "whole");
    for (int i = 0; i < 16'000; ++i) journal.add(message(i % 10, ".jpg"), kMaking);
    Journal beside(out.path(), "whole");
    EXPECT_GT(fs::file_size(file), 1'200'000U) << "another process is writing it";
  }
  Journal(out.path(), "whole").add("x.jpg", kMaking);
  EXPECT_LT(fs::file_size(file), 3000U);
  EXPECT_EQ(read_journals(out.path()).size(), 11U);
}

TEST(Journals, OfSeveralProcessesKeepEveryLine) {
  const TemporaryDirectory out;
  std::vector<pid_t> children;
  for (int child = 0; child < 4; ++child) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    Journal journal(out.path(), "whole");
    for (int i = 0; i < 300; ++i) journal.add(message(child, "-", i), kMaking);
    _exit(0);
  }
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  EXPECT_EQ(read_journals(out.path()).size(), 1200U);
}

TEST(Journals, ThatCannotBeWrittenCostNothingElse) {
  const TemporaryDirectory out;
  write_text(out / ".solstice", "in the way");
  Journal journal(out.path(), "whole");
  journal.add("a.jpg", kMaking);
  EXPECT_NE(journal.problem(), "");
  EXPECT_TRUE(read_journals(out.path()).empty());
}

struct ChangedTest : FlowTest {
  ChangedTest() {
    model.identity = "night";
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) write_image(in / name);
    run();
    options.existing = Existing::kChanged;
  }
};

TEST_F(ChangedTest, SkipsWhatTheSameModelMadeOfTheSameInput) {
  EXPECT_EQ(run().skipped, 3);
  options.jobs = 1;
  options.report = (folder / "r.json").string();
  EXPECT_EQ(run().skipped, 3) << "options that do not show";
}

TEST_F(ChangedTest, RedoesWhatAnotherModelMade) {
  model.identity = "winter";
  EXPECT_EQ(run().done, 3);
  EXPECT_EQ(run().skipped, 3);
}

TEST_F(ChangedTest, RedoesWhatOtherOptionsMade) {
  options.quality = 50;
  EXPECT_EQ(run().done, 3);
  EXPECT_EQ(run().skipped, 3);
}

TEST_F(ChangedTest, RedoesAChangedInputAndAChangedResult) {
  write_image(in / "a.jpg", 9, 9, 2);
  write_text(out / "b.jpg", "edited");
  fs::remove(out / "c.jpg");
  write_image(in / "d.jpg");
  EXPECT_EQ(run().done, 4);
  EXPECT_EQ(run().skipped, 4);
}

TEST_F(ChangedTest, RedoesWhatNoJournalTellsOf) {
  fs::remove_all(out / ".solstice");
  EXPECT_EQ(run().done, 3);
  EXPECT_EQ(run().skipped, 3);
}

TEST_F(ChangedTest, TheOtherModesDoNotAsk) {
  model.identity = "winter";
  options.existing = Existing::kSkip;
  EXPECT_EQ(run().skipped, 3);
}

}  // namespace
}  // namespace solstice
