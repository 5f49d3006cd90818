#include <gtest/gtest.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/photos.h"
#include "support/program.h"
#include "support/temporary_directory.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;

class Shards : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new TemporaryDirectory;
    run_ = make_run(shared_->path() / "night");
  }
  static void TearDownTestSuite() {
    delete shared_;
    shared_ = nullptr;
  }

  Finished translate(std::vector<std::string> more, const ProgramOptions& options = {}) const {
    std::vector<std::string> arguments{"translate", "--model", run_.string(), "--threads",   "1",
                                       "--jobs",    "1",       "--out",       out().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_solstice(arguments, options);
  }
  fs::path in() const { return directory_ / "in"; }
  fs::path out() const { return directory_ / "out"; }
  std::string manifest(int index) const {
    return (out() / ".solstice" / ("shard-" + std::to_string(index) + "-of-8.json")).string();
  }

  TemporaryDirectory directory_;
  static TemporaryDirectory* shared_;
  static fs::path run_;
};
TemporaryDirectory* Shards::shared_ = nullptr;
fs::path Shards::run_;

TEST_F(Shards, EightProcessesAtOnceFindEveryFileOnce) {
  constexpr int kShards = 8;
  make_photos(in(), 30, 24, 20);
  make_photos(in() / "a" / "b", 10, 20, 24);
  std::vector<Finished> runs(kShards);
  std::vector<std::thread> threads;
  for (int i = 0; i < kShards; ++i) {
    threads.emplace_back([&, i] {
      ProgramOptions options;
      options.environment = {{"SLURM_PROCID", std::to_string(i)},
                             {"SLURM_NTASKS", std::to_string(kShards)}};
      runs[static_cast<size_t>(i)] =
          translate({"--json", "--shard", "auto", in().string()}, options);
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::map<std::string, int> taken;
  std::vector<std::string> manifests;
  for (int i = 0; i < kShards; ++i) {
    const Finished& run = runs[static_cast<size_t>(i)];
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_NE(run.err.find("shard " + std::to_string(i) + " of 8 (SLURM_PROCID, SLURM_NTASKS)"),
              std::string::npos)
        << run.err;
    for (const std::string& line : lines_of(run.out)) {
      const auto row = nlohmann::json::parse(line);
      EXPECT_EQ(row["status"], "done");
      ++taken[row["input"]];
    }
    manifests.push_back(manifest(i));
    const std::string rows = fs::path(manifest(i)).replace_extension(".files.jsonl").string();
    EXPECT_EQ(read_text(rows), run.out);
  }
  EXPECT_EQ(taken.size(), 40U);
  for (const auto& [name, times] : taken) EXPECT_EQ(times, 1) << name;
  EXPECT_EQ(files_below(out()), files_below(in()));
  for (const auto& entry : fs::recursive_directory_iterator(out())) {
    EXPECT_EQ(entry.path().filename().string().find(".tmp."), std::string::npos) << entry.path();
  }

  std::vector<std::string> merge{"report", "merge"};
  merge.insert(merge.end(), manifests.begin(), manifests.end());
  const Finished whole = run_solstice(merge);
  EXPECT_EQ(whole.code, 0) << whole.err;
  const auto report = nlohmann::json::parse(whole.out);
  EXPECT_EQ(report["counts"]["done"], 40);
  EXPECT_EQ(report["shards"]["merged"].size(), 8U);

  merge.erase(merge.begin() + 5);
  const Finished part = run_solstice(merge);
  EXPECT_EQ(part.code, 1);
  EXPECT_NE(part.err.find("missing of 8 shards: 3"), std::string::npos) << part.err;
}

TEST_F(Shards, AShareWithoutFilesIsDone) {
  make_photos(in(), 1, 20, 20);
  int done = 0;
  for (const char* shard : {"0/3", "1/3", "2/3"}) {
    const Finished run = translate({"--shard", shard, in().string()});
    EXPECT_EQ(run.code, 0) << run.err;
    done += run.err.find("1 translated") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(done, 1);
}

TEST_F(Shards, BadOptionsAreOneLineBeforeTheModelIsRead) {
  make_photos(in(), 1, 20, 20);
  for (const auto& [flag, value, said] :
       std::vector<std::array<std::string, 3>>{{"--shard", "8/8", "expected 0 to 7"},
                                               {"--shard", "", "--shard \"\": expected i/n"},
                                               {"--shard", "auto", "no scheduler is found"},
                                               {"--name", "{steam}", "did you mean {stem}?"},
                                               {"--include", "[a", "a ] for every ["}}) {
    const Finished run = run_solstice(
        {"translate", "--model", "absent", flag, value, "--out", out().string(), in().string()});
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(lines_of(run.err).size(), 1U) << run.err;
    EXPECT_NE(run.err.find(said), std::string::npos) << run.err;
  }
}

TEST_F(Shards, TheModelsNameGoesIntoTheResultsNames) {
  make_photos(in() / "a", 2, 20, 20);
  const Finished run =
      translate({"--name", "{stem}_{model}{ext}", "--format", "png", in().string()});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(files_below(out()), (std::vector<std::string>{"a/000_night.png", "a/001_night.png"}));
}

TEST_F(Shards, NamesComeFromStandardInput) {
  make_photos(in() / "a", 3, 20, 20);
  const Finished run =
      run_program({"/bin/bash", "-c",
                   "cd \"$1\" && find . -name '00[12].jpg' -print0 | sort -z | \"$2\" translate "
                   "--model \"$3\" --files-from - --out \"$4\"",
                   "bash", in().string(), SOLSTICE_BINARY, run_.string(), out().string()});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(files_below(out()), (std::vector<std::string>{"a/001.jpg", "a/002.jpg"}));
}

TEST_F(Shards, NamesComeFromAFile) {
  make_photos(in() / "a", 3, 20, 20);
  write_text(directory_ / "names", "a/002.jpg\na/000.jpg\n");
  const Finished run =
      run_program({"/bin/bash", "-c",
                   "cd \"$1\" && \"$2\" translate --model \"$3\" --files-from \"$4\" --out \"$5\"",
                   "bash", in().string(), SOLSTICE_BINARY, run_.string(),
                   (directory_ / "names").string(), out().string()});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(files_below(out()), (std::vector<std::string>{"a/000.jpg", "a/002.jpg"}));
}

TEST_F(Shards, AnotherModelIsSeenByItsBytes) {
  make_photos(in(), 3, 20, 20);
  const fs::path model = directory_ / "m.safetensors";
  fs::copy_file(run_ / "model.safetensors", model);
  const auto changed = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"translate",  "--model", model.string(), in().string(),
                                       "--existing", "changed", "--out",        out().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_solstice(arguments).err;
  };
  EXPECT_NE(changed({}).find("3 translated"), std::string::npos);
  EXPECT_NE(changed({}).find("3 skipped"), std::string::npos);
  std::string bytes = read_text(model);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_text(model, bytes);
  EXPECT_NE(changed({}).find("3 translated"), std::string::npos);
  EXPECT_NE(changed({"--quality", "70"}).find("3 translated"), std::string::npos);
  EXPECT_NE(changed({"--quality", "70"}).find("3 skipped"), std::string::npos);
}

}  // namespace
}  // namespace solstice::testing
