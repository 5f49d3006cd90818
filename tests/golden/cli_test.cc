#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/photos.h"
#include "support/program.h"
#include "support/shared_data.h"
#include "support/temporary_directory.h"

namespace solstice::testing {
namespace {

TEST(CommandLine, ListsItsCommandsWhenAskedForHelp) {
  const Finished help = run_solstice({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* command : {"train", "translate", "inspect", "convert"}) {
    EXPECT_NE(help.out.find(command), std::string::npos) << command;
    const Finished own = run_solstice({command, "--help"});
    EXPECT_EQ(own.code, 0);
    EXPECT_NE(own.out.find("usage: solstice " + std::string(command)), std::string::npos);
  }
}

TEST(CommandLine, ALimitOnAddressesEndsInOneLine) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer takes more addresses than any limit leaves";
#endif
  for (int megabytes = 500; megabytes <= 700; megabytes += 20) {
    const std::string limit = "ulimit -v " + std::to_string(megabytes) + "000; exec \"$@\"";
    const Finished run =
        run_program({"/bin/bash", "-c", limit, "bash", SOLSTICE_BINARY, "--version"});
    // 127: the system could not even load the libraries, and says so.
    EXPECT_TRUE(run.code == 0 || run.code == 2 || run.code == 127) << megabytes << ": " << run.code;
    EXPECT_LE(lines_of(run.err).size(), 1U) << run.err;
  }
}

TEST(CommandLine, WithoutACommandShowsTheHelpAndFails) {
  const Finished bare = run_solstice({});
  EXPECT_EQ(bare.code, 2);
  EXPECT_NE(bare.err.find("commands:"), std::string::npos);
}

TEST(CommandLine, NamesTheNearestCommandAndOption) {
  const Finished command = run_solstice({"translat"});
  EXPECT_EQ(command.code, 2);
  EXPECT_NE(command.err.find("did you mean \"translate\""), std::string::npos) << command.err;
  const Finished option = run_solstice({"train", "--bach-size", "2"});
  EXPECT_EQ(option.code, 2);
  EXPECT_NE(option.err.find("did you mean --batch-size"), std::string::npos) << option.err;
}

TEST(CommandLine, SaysWhichValueIsWrong) {
  const Finished range = run_solstice({"train", "--batch-size", "0"});
  EXPECT_EQ(range.code, 2);
  EXPECT_NE(range.err.find("--batch-size: found \"0\""), std::string::npos) << range.err;
  const Finished choice = run_solstice({"train", "--norm", "instanse"});
  EXPECT_EQ(choice.code, 2);
  EXPECT_NE(choice.err.find("did you mean \"instance\""), std::string::npos) << choice.err;
  const Finished missing = run_solstice({"translate", "--out"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_NE(missing.err.find("--out"), std::string::npos) << missing.err;
}

TEST(CommandLine, SaysWhichKeyOfAConfigFileIsUnknown) {
  const TemporaryDirectory directory;
  write_text(directory / "a.ini", "# a comment\nnfg = 8\n");
  const Finished run = run_solstice({"train", "--config", (directory / "a.ini").string()});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("a.ini: unknown option nfg (did you mean ngf?)"), std::string::npos)
      << run.err;
}

TEST(CommandLine, NamesTheConfigFileOfAnotherCommand) {
  const TemporaryDirectory directory;
  write_text(directory / "train.ini", "recipe = cyclegan\n");
  const Finished run = run_solstice({"translate", "--config", (directory / "train.ini").string()});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("train.ini: unknown option recipe"), std::string::npos) << run.err;
}

TEST(CommandLine, KeepsAHashInsideAValueAndDropsAComment) {
  const TemporaryDirectory directory;
  make_pairs(directory / "set#1", 1, 32, 32);
  write_text(directory / "a.ini", "data = " + (directory / "set#1").string() +
                                      "  # the first set\ngenerator = unet_32\nngf = 2\n"
                                      "discriminator = pixel\nndf = 2\nload-size = 32\n"
                                      "crop-size = 32\nsteps = 1\n");
  const std::string run = (directory / "run").string();
  const Finished first =
      run_solstice({"train", "--config", (directory / "a.ini").string(), "--out", run});
  ASSERT_EQ(first.code, 0) << first.err;
  const Finished resumed = run_solstice({"train", "--resume", "--out", run, "--steps", "2"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

TEST(CommandLine, AFlagBeatsTheEnvironmentWhichBeatsAConfigFileWhichBeatsARecipe) {
  const TemporaryDirectory directory;
  make_pairs(directory / "data", 1, 32, 32);
  write_text(directory / "recipe.ini",
             "generator = unet_32\ndiscriminator = pixel\nndf = 2\nload-size = 32\ncrop-size = 32\n"
             "steps = 1\nngf = 2\nlr = 0.1\nlambda-l1 = 7\nseed = 5\n");
  write_text(directory / "a.ini", "ngf = 3\nlr = 0.2\nlambda-l1 = 8\n");
  ProgramOptions options;
  options.environment = {{"SOLSTICE_NGF", "4"}, {"SOLSTICE_LR", "0.003"}};
  const Finished run =
      run_solstice({"train", "--recipe", (directory / "recipe.ini").string(), "--config",
                    (directory / "a.ini").string(), "--data", (directory / "data").string(),
                    "--out", (directory / "run").string(), "--ngf", "5", "--no-flip"},
                   options);
  ASSERT_EQ(run.code, 0) << run.err;
  const std::string ini = read_text(directory / "run" / "options.ini");
  for (const char* line :
       {"ngf = 5\n", "lr = 0.003\n", "lambda-l1 = 8\n", "seed = 5\n", "flip = false\n"}) {
    EXPECT_NE(ini.find(line), std::string::npos) << line << ini;
  }
}

TEST(CommandLine, AMisspeltVariableIsAWarningAndABadValueNamesItsVariable) {
  ProgramOptions options;
  options.environment = {{"SOLSTICE_FROMAT", "png"},   {"SOLSTICE_BATCH_SIZE", "4"},
                         {"SOLSTICE_PRESET", "ci"},    {"SOLSTICE_TEST_DATA", "nowhere"},
                         {"SOLSTICE_ELSEWHERE", "on"}, {"SOLSTICE_QUALITY", "90"}};
  Finished run = run_solstice({"translate", "nowhere"}, options);
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("warning: environment SOLSTICE_FROMAT is no option of any command (did "
                         "you mean SOLSTICE_FORMAT?)\n"),
            std::string::npos)
      << run.err;
  EXPECT_NE(run.err.find("SOLSTICE_ELSEWHERE is no option of any command\n"), std::string::npos)
      << run.err;
  EXPECT_EQ(lines_of(run.err).size(), 3U) << run.err;
  options.environment = {{"SOLSTICE_QUALITY", "abc"}};
  run = run_solstice({"translate", "nowhere"}, options);
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("environment SOLSTICE_QUALITY: --quality: found \"abc\""),
            std::string::npos)
      << run.err;
}

TEST(CommandLine, TakesTheReferencesSpellingsAndSaysOurs) {
  const TemporaryDirectory directory;
  make_pairs(directory / "data", 1, 32, 32);
  const Finished run = run_solstice({"train",
                                     "--dataroot",
                                     (directory / "data").string(),
                                     "--out",
                                     (directory / "run").string(),
                                     "--netG",
                                     "unet_32",
                                     "--netD",
                                     "pixel",
                                     "--ngf",
                                     "2",
                                     "--ndf",
                                     "2",
                                     "--load_size",
                                     "32",
                                     "--fineSize",
                                     "32",
                                     "--no_flip",
                                     "--no_dropout",
                                     "--steps",
                                     "1"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_NE(run.err.find("--netG is called --generator here"), std::string::npos) << run.err;
  const std::string ini = read_text(directory / "run" / "options.ini");
  for (const char* line : {"crop-size = 32\n", "flip = false\n", "dropout = false\n"}) {
    EXPECT_NE(ini.find(line), std::string::npos) << line;
  }
}

TEST(Inspect, DescribesARunAndAForeignFile) {
  const TemporaryDirectory directory;
  const auto run = make_run(directory / "run");
  const Finished own = run_solstice({"inspect", "--json", run.string()});
  ASSERT_EQ(own.code, 0) << own.err;
  const auto object = nlohmann::json::parse(own.out);
  EXPECT_EQ(object["kind"], "unet_32");
  EXPECT_EQ(object["generator"]["ngf"], 4);
  EXPECT_EQ(object["metadata"]["training"]["steps"], 2);
  SKIP_WITHOUT_SHARED_DATA("weights");
  const Finished foreign =
      run_solstice({"inspect", "--json", (shared_data() / "weights/resnet20-cifar10.th").string()});
  ASSERT_EQ(foreign.code, 0) << foreign.err;
  EXPECT_EQ(nlohmann::json::parse(foreign.out)["kind"], "unknown");
}

TEST(Inspect, RefusesAFileOfAnotherFormat) {
  const TemporaryDirectory directory;
  write_text(directory / "a.pth", "this is no weight file");
  const Finished run = run_solstice({"inspect", (directory / "a.pth").string()});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(lines_of(run.err).size(), 1U) << run.err;
  EXPECT_NE(run.err.find("a.pth"), std::string::npos);
}

TEST(Convert, GoesThereAndBackBitForBit) {
  const TemporaryDirectory directory;
  const auto run = make_run(directory / "run");
  const std::string model = (run / "model.safetensors").string();
  const std::string pth = (directory / "a.pth").string();
  const std::string back = (directory / "b.safetensors").string();
  const std::string again = (directory / "b.pth").string();
  // A run stands for its model.
  ASSERT_EQ(run_solstice({"convert", run.string(), pth}).code, 0);
  ASSERT_EQ(run_solstice({"convert", pth, back}).code, 0);
  ASSERT_EQ(run_solstice({"convert", back, again}).code, 0);
  // The archive's records are named after the file's stem, so b.pth is compared as a model.
  make_photos(directory / "in", 1, 40, 24);
  for (const std::string& weights : {model, pth, back, again}) {
    const std::string out =
        (directory / ("out-" + std::filesystem::path(weights).filename().string())).string();
    ASSERT_EQ(run_solstice({"translate", "--model", weights, (directory / "in").string(), "--out",
                            out, "--format", "png"})
                  .code,
              0);
    EXPECT_EQ(read_text(std::filesystem::path(out) / "000.png"),
              read_text(directory / "out-model.safetensors" / "000.png"));
  }
}

}  // namespace
}  // namespace solstice::testing
