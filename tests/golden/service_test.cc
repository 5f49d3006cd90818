// Runs that go on by themselves: --serve, --watch, and --fail-fast, which ends one early.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "image/codec.h"
#include "support/identity_model.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class Service : public ::testing::Test {
 protected:
  Service() : model_(make_identity_model(directory_ / "identity.safetensors")) {
    fs::create_directories(in());
  }

  Finished translate(std::vector<std::string> more, const ProgramOptions& options = {}) const {
    std::vector<std::string> arguments{"translate", "--model", model_.string(), "--threads",
                                       "1",         "--out",   out().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_solstice(arguments, options);
  }
  void write_photo(const std::string& name) const {
    fs::create_directories((in() / name).parent_path());
    save_image((in() / name).string(), make_photo(20, 12, name.size()));
  }
  static std::vector<Json> objects(const std::string& text) {
    std::vector<Json> found;
    for (const std::string& line : lines_of(text)) found.push_back(Json::parse(line));
    return found;
  }
  static size_t whole_lines(const std::string& text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  fs::path in() const { return directory_ / "in"; }
  fs::path out() const { return directory_ / "out"; }

  TemporaryDirectory directory_;
  fs::path model_;
};

/// The end of a pipe with a name that a test writes to while the program reads.
class NamedPipe {
 public:
  explicit NamedPipe(const fs::path& path) {
    mkfifo(path.c_str(), 0600);
    // Both ways, so that opening does not wait for the reader.
    end_ = open(path.c_str(), O_RDWR | O_CLOEXEC);
  }
  ~NamedPipe() { close_it(); }
  void write_line(const std::string& line) const {
    EXPECT_EQ(write(end_, (line + "\n").data(), line.size() + 1),
              static_cast<ssize_t>(line.size() + 1));
  }
  void close_it() {
    if (end_ >= 0) close(end_);
    end_ = -1;
  }

 private:
  int end_ = -1;
};

TEST_F(Service, AnswersEveryLineBeforeTheNextIsAsked) {
  constexpr size_t kQuestions = 12;
  write_photo("a.png");
  NamedPipe questions(directory_ / "questions");
  ProgramOptions options;
  options.input = directory_ / "questions";
  size_t asked = 0;
  options.watch = [&](const std::string& out, const std::string& err) {
    if (err.empty() || whole_lines(out) < asked) return 0;
    if (asked == kQuestions) {
      questions.close_it();
      return 0;
    }
    const std::string name = std::to_string(asked++) + ".png";
    const Json request{{"input", (in() / "a.png").string()}, {"output", name}};
    questions.write_line(asked % 3 == 0 ? (in() / "nowhere.png").string() : request.dump());
    return 0;
  };
  const Finished run = translate({"--serve"}, options);
  EXPECT_EQ(run.code, 1) << run.err;
  const auto answers = objects(run.out);
  ASSERT_EQ(answers.size(), kQuestions);
  for (size_t i = 0; i < kQuestions; ++i) {
    EXPECT_EQ(answers[i]["status"], i % 3 == 2 ? "failed" : "done") << answers[i];
  }
  EXPECT_EQ(files_below(out()).size(), kQuestions * 2 / 3);
  EXPECT_EQ(answers[0]["output"], (out() / "0.png").string());
}

TEST_F(Service, AnswersManyLinesAtOnceInOrderAndBadOnesToo) {
  for (const char* name : {"a.png", "b.png", "c.png"}) write_photo(name);
  const std::vector<std::pair<std::string, std::string>> lines{
      {in() / "a.png", "done"},
      {"", "no input is named"},
      {"{\"input\": 3}", "is no text"},
      {"{\"input\": ", "no JSON"},
      {std::string(200'000, 'x'), "longer than 65536 bytes"},
      {in() / "b.png", "done"},
      {in() / "nowhere.png", "No such file"},
      {Json{{"input", (in() / "c.png").string()}, {"output", (directory_ / "apart/c.jpg").string()}}
           .dump(),
       "done"},
      {in(), "is a directory"},
      {Json{{"input", (in() / "c.png").string()}, {"output", (in() / "c.png").string()}}.dump(),
       "would replace"},
      {in() / "a.png", "skipped or done"},
      {in() / "a.png\r", "skipped or done"},
      {Json{{"input", (in() / "c.png").string()}, {"output", "d/../../c.png"}}.dump(),
       "leads out of --out"},
      {R"({"input": )" + std::string(9000, '[') + std::string(9000, ']') + "}", "no JSON"}};
  std::string text;
  for (const auto& line : lines) text += line.first + "\n";
  text.pop_back();
  write_text(directory_ / "lines", text);
  ProgramOptions options;
  options.input = directory_ / "lines";
  const Finished run = translate({"--serve"}, options);
  EXPECT_EQ(run.code, 1) << run.err;
  const auto answers = objects(run.out);
  ASSERT_EQ(answers.size(), lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    if (answers[i]["status"] == "failed") {
      EXPECT_NE(answers[i]["error"].get<std::string>().find(lines[i].second), std::string::npos)
          << answers[i];
    } else {
      EXPECT_NE(lines[i].second.find(answers[i]["status"].get<std::string>()), std::string::npos);
    }
  }
  EXPECT_EQ(files_below(out()), (std::vector<std::string>{"a.png", "b.png"}));
  EXPECT_TRUE(fs::exists(directory_ / "apart/c.jpg"));
}

TEST_F(Service, EndsWhenNobodyReadsTheAnswers) {
  write_photo("a.png");
  NamedPipe questions(directory_ / "questions");
  questions.write_line((in() / "a.png").string());
  const std::string command =
      "\"$0\" translate --serve --existing overwrite --model \"$1\" --out \"$2\" < \"$3\" | head "
      "-n 1";
  bool asked = false;
  ProgramOptions options;
  options.watch = [&](const std::string& out, const std::string&) {
    if (whole_lines(out) == 0 || asked) return 0;
    asked = true;
    for (int i = 0; i < 200; ++i) questions.write_line((in() / "a.png").string());
    return 0;
  };
  // The pipe of questions stays open.
  const Finished run = run_program({"/bin/sh", "-c", command, SOLSTICE_BINARY, model_.string(),
                                    out().string(), (directory_ / "questions").string()},
                                   options);
  EXPECT_EQ(whole_lines(run.out), 1U);
  EXPECT_NE(run.err.find("standard output cannot be written"), std::string::npos) << run.err;
}

TEST_F(Service, WithExistingErrorAResultThatIsThereFailsItsLine) {
  write_photo("a.png");
  const std::string line = (in() / "a.png").string() + "\n";
  write_text(directory_ / "lines", line);
  ProgramOptions options;
  options.input = directory_ / "lines";
  EXPECT_EQ(translate({"--serve", "--existing", "error"}, options).code, 0);
  const Finished again = translate({"--serve", "--existing", "error"}, options);
  EXPECT_EQ(again.code, 1);
  EXPECT_NE(objects(again.out).at(0)["error"].get<std::string>().find("a.png exists"),
            std::string::npos)
      << again.out;
}

TEST_F(Service, WithoutALineThereIsNothingToDo) {
  const Finished run = translate({"--serve"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_TRUE(run.out.empty());
}

TEST_F(Service, ContradictionsAreOneLine) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--serve", in()}, "standard input"},
      {{"--serve", "--watch"}, "exclude"},
      {{"--serve", "--limit", "3"}, "exclude"},
      {{"--watch", "--dry-run", in()}, "exclude"},
      {{"--watch", model_}, "no input is a folder"},
      {{"--watch", directory_ / "out"}, "another one"}};
  fs::create_directories(out());
  for (const auto& [options, said] : cases) {
    const Finished run = translate(options);
    EXPECT_EQ(run.code, 2);
    EXPECT_NE(run.err.find(said), std::string::npos) << run.err;
  }
}

TEST_F(Service, WatchTakesWhatAppearsOnceItIsWhole) {
  write_photo("first.png");
  fs::create_directories(directory_ / "apart" / "deep");
  save_image((directory_ / "apart/deep/moved.png").string(), make_photo(20, 12, 9));
  save_image((directory_ / "whole.png").string(), make_photo(64, 48, 5));
  const std::string whole = read_text(directory_ / "whole.png");
  std::ofstream growing;
  const auto in_out = [&](const std::string& out, const char* name) {
    return out.find(std::string("in/") + name + "\",\"output") != std::string::npos;
  };
  int step = 0;
  ProgramOptions options;
  options.watch = [&](const std::string& out, const std::string& err) {
    if (step == 0 && err.find("watching") != std::string::npos) {
      step = 1;
      growing.open(in() / "growing.png", std::ios::binary);
      growing << whole.substr(0, 1000) << std::flush;
      write_photo("new/er/a.png");
      write_photo(".hidden.png");
      write_text(in() / "notes.txt", "no image");
    } else if (step == 1 && in_out(out, "new/er/a.png")) {
      step = 2;
      growing << whole.substr(1000);
      growing.close();
    } else if (step == 2 && in_out(out, "growing.png")) {
      step = 3;
      fs::rename(directory_ / "apart", in() / "apart");
    } else if (step == 3 && in_out(out, "apart/deep/moved.png")) {
      step = 4;
      write_text(in() / "bad.png", "no image");
    } else if (step == 4 && in_out(out, "bad.png")) {
      return SIGTERM;
    }
    return 0;
  };
  // The results lie below what is watched, and are left alone.
  const Finished run = run_solstice({"translate", "--model", model_.string(), in().string(),
                                     "--out", (in() / "results").string(), "--json", "--watch"},
                                    options);
  EXPECT_EQ(run.code, 128 + SIGTERM) << run.err;
  EXPECT_EQ(files_below(in() / "results"),
            (std::vector<std::string>{"apart/deep/moved.png", "first.png", "growing.png",
                                      "new/er/a.png"}));
  EXPECT_EQ(objects(run.out).size(), 5U) << run.out;
  EXPECT_NE(run.err.find("1 failed"), std::string::npos) << run.err;
}

TEST_F(Service, WatchLeavesResultsAloneThatItWritesIntoTheWatchedFolder) {
  int step = 0;
  const auto is_done = [](const std::string& out, const char* name) {
    return out.find(std::string("/in/") + name + "\",\"output") != std::string::npos;
  };
  ProgramOptions options;
  options.watch = [&](const std::string& out, const std::string& err) {
    if (step == 0 && err.find("watching 1 folder;") != std::string::npos) {
      step = 1;
      write_photo("a.png");
    } else if (step == 1 && is_done(out, "a.png")) {
      step = 2;
      write_photo("b.png");
    } else if (step == 2 && is_done(out, "b.png")) {
      return SIGTERM;
    }
    return 0;
  };
  const Finished run =
      run_solstice({"translate", "--model", model_.string(), in().string(), "--out",
                    directory_.path().string(), "--name", "in/{stem}_n{ext}", "--json", "--watch"},
                   options);
  EXPECT_EQ(run.code, 128 + SIGTERM) << run.err;
  EXPECT_EQ(files_below(in()), (std::vector<std::string>{"a.png", "a_n.png", "b.png", "b_n.png"}));
}

TEST_F(Service, FailFastBeginsNothingMoreAfterAFailure) {
  make_photos(in(), 60, 96, 96);
  write_text(in() / "000.jpg", "no image");
  const Finished run = translate({in().string(), "--fail-fast", "--json", "--jobs", "1"});
  EXPECT_EQ(run.code, 1) << run.err;
  EXPECT_NE(run.err.find("not begun"), std::string::npos) << run.err;
  const auto lines = objects(run.out);
  EXPECT_LT(lines.size(), 20U);
  EXPECT_EQ(files_below(out()).size() + 1, lines.size()) << "what was in flight is finished";
}

}  // namespace
}  // namespace solstice::testing
