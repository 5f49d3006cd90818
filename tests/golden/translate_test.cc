// More than 500 lines, since all of these share one trained run, which is made once for the
// program.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "image/codec.h"
#include "support/identity_model.h"
#include "support/photos.h"
#include "support/program.h"
#include "support/shared_data.h"
#include "support/temporary_directory.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;

class Translate : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new TemporaryDirectory;
    run_ = make_run(shared_->path() / "run");
  }
  static void TearDownTestSuite() {
    delete shared_;
    shared_ = nullptr;
  }

  Finished translate(std::vector<std::string> more, const ProgramOptions& options = {}) const {
    std::vector<std::string> arguments{"translate", "--model", run_.string(), "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_solstice(arguments, options);
  }

  /// One bad file between two good ones: it gets one line and the others are done.
  void expect_one_bad(const std::string& name, const std::string& said) {
    make_photos(in(), 2, 48, 40);
    const Finished run = translate({in().string(), "--out", out().string()});
    EXPECT_EQ(run.code, 1) << run.err;
    size_t lines = 0;
    for (const std::string& line : lines_of(run.err)) {
      if (line.find(name) == std::string::npos) continue;
      ++lines;
      EXPECT_NE(line.find("error: "), std::string::npos) << line;
      EXPECT_NE(line.find(said), std::string::npos) << line;
    }
    EXPECT_EQ(lines, 1U) << run.err;
    EXPECT_EQ(files_below(out()), (std::vector<std::string>{"000.jpg", "001.jpg"}));
  }

  fs::path in() const { return directory_ / "in"; }
  fs::path out() const { return directory_ / "out"; }

  TemporaryDirectory directory_;
  static TemporaryDirectory* shared_;
  static fs::path run_;
};
TemporaryDirectory* Translate::shared_ = nullptr;
fs::path Translate::run_;

TEST_F(Translate, ResultsBesideTheirPhotosAreNoPhotosOfTheNextRun) {
  make_photos(in(), 2, 20, 13);
  const std::vector<std::string> command{in().string(), "--out", in().string(), "--name",
                                         "{stem}_n{ext}"};
  ASSERT_EQ(translate(command).code, 0);
  const std::vector<std::string> files{"000.jpg", "000_n.jpg", "001.jpg", "001_n.jpg"};
  EXPECT_EQ(files_below(in()), files);
  fs::remove(in() / "001_n.jpg");
  const Finished again = translate(command);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.err.find("1 translated, 1 skipped"), std::string::npos) << again.err;
  EXPECT_NE(again.err.find("left out: 1"), std::string::npos) << again.err;
  EXPECT_EQ(files_below(in()), files);
}

TEST_F(Translate, SaysThatExactLeavesOutTheTileAndThatMemoryRefusesAFile) {
  make_photos(in(), 1, 20, 13);
  const Finished exact = translate(
      {in().string(), "--out", out().string(), "--exact", "--tile", "32", "--precision", "FP32"});
  EXPECT_EQ(exact.code, 0) << exact.err;
  EXPECT_NE(exact.err.find("warning: --tile 32 is left out: --exact"), std::string::npos)
      << exact.err;
  const Finished small = translate(
      {in().string(), "--out", out().string(), "--existing", "overwrite", "--memory", "1"});
  EXPECT_EQ(small.code, 1);
  EXPECT_NE(small.err.find("bytes, --memory allows 1\n"), std::string::npos) << small.err;
}

TEST_F(Translate, ALineFeedInANameLeavesItsErrorOneLine) {
  fs::create_directories(in());
  write_text(in() / "a\nb.jpg", "no picture");
  const Finished run = translate({in().string(), "--out", out().string()});
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.err.find("error: " + in().string() + "/a\\x0ab.jpg: "), std::string::npos)
      << run.err;
}

TEST_F(Translate, KeepsTreeNamesAndSizes) {
  make_photos(in(), 2, 50, 33);
  make_photos(in() / "a" / "b", 1, 7, 91);
  const Finished run = translate({in().string(), "--out", out().string()});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(files_below(out()), (std::vector<std::string>{"000.jpg", "001.jpg", "a/b/000.jpg"}));
  for (const std::string& name : files_below(out())) {
    const Image before = load_image((in() / name).string());
    const Image after = load_image((out() / name).string());
    EXPECT_EQ(before.pixels.size(), after.pixels.size()) << name;
    EXPECT_GT(cv::norm(before.pixels, after.pixels, cv::NORM_L1), 0) << name;
  }
}

TEST_F(Translate, AnIdentityModelGivesBackEveryPixelOf8And16Bit) {
  const fs::path model = make_identity_model(directory_ / "identity.safetensors");
  fs::create_directories(in());
  for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3, CV_16UC4}) {
    Image every_level;
    every_level.pixels = cv::Mat(256, 256, type);
    const int channels = every_level.pixels.channels();
    for (int i = 0; i < 65536 * channels; ++i) {
      const int level = i / channels + 257 * (i % channels);
      if (every_level.pixels.depth() == CV_16U) {
        every_level.pixels.ptr<uint16_t>()[i] = static_cast<uint16_t>(level);
      } else {
        every_level.pixels.ptr<uint8_t>()[i] = static_cast<uint8_t>(level);
      }
    }
    save_image((in() / (std::to_string(type) + ".png")).string(), every_level);
  }
  const Finished run = run_solstice(
      {"translate", "--model", model.string(), in().string(), "--out", out().string()});
  ASSERT_EQ(run.code, 0) << run.err;
  for (const std::string& name : files_below(in())) {
    const cv::Mat before = load_image((in() / name).string()).pixels;
    const cv::Mat after = load_image((out() / name).string()).pixels;
    ASSERT_EQ(before.type(), after.type()) << name;
    EXPECT_EQ(cv::norm(before, after, cv::NORM_INF), 0) << name;
  }
}

TEST_F(Translate, ReadsAndWritesEveryFormat) {
  const Image photo = make_photo(40, 36, 3);
  fs::create_directories(in());
  for (const char* name : {"a.jpg", "b.png", "c.webp", "d.tiff", "e.bmp"}) {
    save_image((in() / name).string(), photo);
  }
  for (const auto& [format, extension] :
       std::vector<std::pair<std::string, std::string>>{{"same", ""},
                                                        {"png", ".png"},
                                                        {"webp", ".webp"},
                                                        {"tiff", ".tif"},
                                                        {"bmp", ".bmp"},
                                                        {"jpeg", ".jpg"}}) {
    const fs::path to = directory_ / ("out-" + format);
    const Finished run = translate({in().string(), "--out", to.string(), "--format", format});
    EXPECT_EQ(run.code, 0) << run.err;
    ASSERT_EQ(files_below(to).size(), 5U) << format;
    for (const std::string& name : files_below(to)) {
      EXPECT_EQ(load_image((to / name).string()).pixels.size(), photo.pixels.size());
      const ImageHeader header = read_header(read_text(to / name));
      EXPECT_EQ(header.format, format_of_extension(fs::path(name).extension().string())) << name;
    }
  }
}

TEST_F(Translate, StripsPrecisionAndTurnsChangeLittle) {
  fs::create_directories(in());
  save_image((in() / "a.png").string(), make_photo(90, 150, 4));
  const auto result = [&](const std::vector<std::string>& options) {
    fs::remove_all(out());
    std::vector<std::string> arguments{in().string(), "--out", out().string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Finished run = translate(arguments);
    EXPECT_EQ(run.code, 0) << run.err;
    return load_image((out() / "a.png").string()).pixels;
  };
  const cv::Mat whole = result({"--tile", "off"});
  EXPECT_LE(cv::norm(result({"--tile", "32"}), whole, cv::NORM_INF), 1);
  EXPECT_LE(cv::norm(result({"--exact"}), whole, cv::NORM_INF), 1);
  EXPECT_LE(cv::norm(result({"--precision", "bf16"}), whole, cv::NORM_INF), 24);
  EXPECT_LE(cv::norm(result({"--precision", "auto"}), whole, cv::NORM_INF), 24);
  EXPECT_GT(cv::norm(result({"--tta"}), whole, cv::NORM_INF), 0);
}

/// Flipped and turned, in eight ways; `back` undoes it.
cv::Mat turned(const cv::Mat& image, int way, bool back) {
  cv::Mat result = image.clone();
  if (back && (way & 4) != 0) cv::flip(result, result, 1);
  for (int quarter = 0; quarter < (back ? 4 - (way & 3) : way & 3); ++quarter) {
    cv::rotate(result, result, cv::ROTATE_90_CLOCKWISE);
  }
  if (!back && (way & 4) != 0) cv::flip(result, result, 1);
  return result;
}

TEST_F(Translate, TtaIsTheMeanOfEightRuns) {
  fs::create_directories(in());
  const Image photo = make_photo(45, 38, 4);
  for (int way = 0; way < 8; ++way) {
    Image view = photo;
    view.pixels = turned(photo.pixels, way, false);
    save_image((in() / (std::to_string(way) + ".png")).string(), view);
  }
  ASSERT_EQ(translate({in().string(), "--out", out().string()}).code, 0);
  cv::Mat sum = cv::Mat::zeros(photo.pixels.size(), CV_32FC3);
  for (int way = 0; way < 8; ++way) {
    const Image result = load_image((out() / (std::to_string(way) + ".png")).string());
    cv::add(sum, turned(result.pixels, way, true), sum, cv::noArray(), CV_32F);
  }
  const std::string alone = (directory_ / "alone").string();
  ASSERT_EQ(translate({(in() / "0.png").string(), "--out", alone, "--tta"}).code, 0);
  cv::Mat mean;
  load_image(alone + "/0.png").pixels.convertTo(mean, CV_32F);
  EXPECT_LE(cv::norm(mean, sum / 8, cv::NORM_INF), 1);  // rounded eight times, and once
}

TEST_F(Translate, ImagesThatShareTheThreadsGiveTheSameBytes) {
  make_photos(in(), 6, 64, 48);
  std::vector<std::string> bytes;
  for (const char* images : {"1", "2", "3"}) {
    fs::remove_all(out());
    const Finished run =
        run_solstice({"translate", "--model", run_.string(), "--threads", "2", in().string(),
                      "--out", out().string(), "--parallel-images", images});
    ASSERT_EQ(run.code, 0) << run.err;
    std::string all;
    for (const std::string& name : files_below(out())) all += read_text(out() / name);
    bytes.push_back(all);
  }
  EXPECT_EQ(bytes[0], bytes[1]);
  EXPECT_EQ(bytes[0], bytes[2]);
}

TEST_F(Translate, AlphaIsKeptDroppedOrTranslated) {
  fs::create_directories(in());
  Image photo = make_photo(40, 36, 5);
  cv::Mat alpha(36, 40, CV_8UC1, cv::Scalar(77));
  std::vector<cv::Mat> planes;
  cv::split(photo.pixels, planes);
  planes.push_back(alpha);
  cv::merge(planes, photo.pixels);
  save_image((in() / "a.png").string(), photo);
  for (const auto& [mode, channels] :
       std::vector<std::pair<std::string, int>>{{"keep", 4}, {"drop", 3}, {"translate", 4}}) {
    const fs::path to = directory_ / mode;
    const Finished run = translate({in().string(), "--out", to.string(), "--alpha", mode});
    ASSERT_EQ(run.code, 0) << run.err;
    const cv::Mat pixels = load_image((to / "a.png").string()).pixels;
    ASSERT_EQ(pixels.channels(), channels) << mode;
    if (channels == 3) continue;
    cv::Mat made;
    cv::extractChannel(pixels, made, 3);
    EXPECT_EQ(cv::countNonZero(made != 77) == 0, mode == "keep") << mode;
  }
}

TEST_F(Translate, OptionsOfTheNetworkThatCannotBeGetOneLine) {
  make_photos(in(), 1, 48, 40);
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"--tile", "7"},
                                                        {"--tile", "huge"},
                                                        {"--precision", "fp16"},
                                                        {"--precision", "int8"},
                                                        {"--alpha", "blend"},
                                                        {"--parallel-images", "-1"}}) {
    const Finished run = translate({in().string(), "--out", out().string(), option, value});
    EXPECT_EQ(run.code, 2) << option << " " << value;
    EXPECT_EQ(lines_of(run.err).size(), 1U) << run.err;
    EXPECT_NE(run.err.find(option), std::string::npos) << run.err;
    EXPECT_FALSE(fs::exists(out()));
  }
}

TEST_F(Translate, AnEmptyFileCostsOnlyItself) {
  fs::create_directories(in());
  write_text(in() / "bad.jpg", "");
  expect_one_bad("bad.jpg", "empty");
}

TEST_F(Translate, TextRenamedToJpegCostsOnlyItself) {
  fs::create_directories(in());
  write_text(in() / "bad.jpg", "Dear diary, today I was renamed.\n");
  expect_one_bad("bad.jpg", "text");
}

TEST_F(Translate, ATruncatedJpegCostsOnlyItself) {
  fs::create_directories(in());
  const std::string whole = encode_image(make_photo(64, 64, 1), {ImageFormat::kJpeg, 90});
  write_text(in() / "bad.jpg", whole.substr(0, whole.size() / 2));
  expect_one_bad("bad.jpg", "truncated");
}

TEST_F(Translate, ATruncatedPngCostsOnlyItself) {
  fs::create_directories(in());
  const std::string whole = encode_image(make_photo(64, 64, 1), {ImageFormat::kPng, 90});
  write_text(in() / "bad.png", whole.substr(0, whole.size() / 2));
  expect_one_bad("bad.png", "truncated");
}

TEST_F(Translate, AnUnreadableFileCostsOnlyItself) {
  fs::create_directories(in());
  fs::create_symlink(directory_ / "nowhere.jpg", in() / "bad.jpg");
  expect_one_bad("bad.jpg", "cannot be opened");
}

TEST_F(Translate, AFileWithoutReadPermissionCostsOnlyItself) {
  make_photos(in(), 2, 40, 40);
  write_text(in() / "bad.jpg", "x");
  chmod((in() / "bad.jpg").c_str(), 0);
  ProgramOptions options;
  if (geteuid() == 0) {
    options.as_nobody = true;
    fs::create_directories(out());
    chmod(directory_.path().c_str(), 0777);
    chmod(shared_->path().c_str(), 0777);
    chmod(out().c_str(), 0777);
    if (run_program({SOLSTICE_BINARY, "--version"}, options).code != 0) {
      GTEST_SKIP() << "running as root, and the binary's folder is closed to other users";
    }
  }
  const Finished run = translate({in().string(), "--out", out().string()}, options);
  EXPECT_EQ(run.code, 1) << run.err;
  EXPECT_NE(run.err.find("Permission denied"), std::string::npos) << run.err;
  EXPECT_EQ(files_below(out()).size(), 2U);
}

TEST_F(Translate, ADirectoryNamedLikeAnImageIsADirectory) {
  make_photos(in() / "x.png", 1, 40, 40);
  const Finished run = translate({in().string(), "--out", out().string()});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(files_below(out()), (std::vector<std::string>{"x.png/000.jpg"}));
}

TEST_F(Translate, AOnePixelImageStaysOnePixel) {
  fs::create_directories(in());
  save_image((in() / "dot.png").string(), make_photo(1, 1, 1));
  const Finished run = translate({in().string(), "--out", out().string()});
  EXPECT_EQ(run.code, 0) << run.err;
  const Image dot = load_image((out() / "dot.png").string());
  EXPECT_EQ(dot.width(), 1);
  EXPECT_EQ(dot.height(), 1);
}

TEST_F(Translate, AVeryWideImageIsDoneOrRefusedByTheMemoryBound) {
  fs::create_directories(in());
  save_image((in() / "wide.png").string(), make_photo(30000, 20, 1));
  const Finished refused = translate({in().string(), "--out", out().string(), "--memory", "8M"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("--memory"), std::string::npos) << refused.err;
  const Finished done = translate({in().string(), "--out", out().string()});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(load_image((out() / "wide.png").string()).width(), 30000);
}

TEST_F(Translate, AnOutputFolderThatCannotBeMadeEndsTheRun) {
  make_photos(in(), 1, 40, 40);
  write_text(directory_ / "file", "in the way");
  const Finished run = translate({in().string(), "--out", (directory_ / "file" / "out").string()});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("cannot be made"), std::string::npos) << run.err;
}

TEST_F(Translate, AFullDiskEndsTheRunInOneLineAndLeavesNoBrokenFile) {
  make_photos(in(), 12, 160, 160);
  fs::create_directories(out());
  if (mount("tmpfs", out().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "a small file system cannot be mounted here (needs root)";
  }
  const Finished run = translate({in().string(), "--out", out().string(), "--format", "png"});
  EXPECT_EQ(run.code, 2) << run.err;
  size_t errors = 0;
  for (const std::string& line : lines_of(run.err)) errors += line.starts_with("error: ") ? 1 : 0;
  EXPECT_EQ(errors, 1U) << run.err;
  EXPECT_NE(run.err.find("No space left"), std::string::npos) << run.err;
  for (const std::string& name : files_below(out())) {
    EXPECT_NO_THROW(load_image((out() / name).string())) << name;
  }
  umount(out().c_str());
}

TEST_F(Translate, AModelOfTheWrongKindIsNamed) {
  make_photos(in(), 1, 40, 40);
  SKIP_WITHOUT_SHARED_DATA("parity/g_D_basic_instance/weights.pth");
  const std::string weights = (shared_data() / "parity/g_D_basic_instance/weights.pth").string();
  const Finished run =
      run_solstice({"translate", "--model", weights, in().string(), "--out", out().string()});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("discriminator"), std::string::npos) << run.err;
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(Translate, ATruncatedOrHostileModelIsOneLine) {
  make_photos(in(), 1, 40, 40);
  const std::string good = read_text(run_ / "model.safetensors");
  const std::string pth = (directory_ / "good.pth").string();
  ASSERT_EQ(run_solstice({"convert", (run_ / "model.safetensors").string(), pth}).code, 0);
  const std::string zip = read_text(pth);
  const std::map<std::string, std::string> models{
      {"cut.safetensors", good.substr(0, good.size() / 2)},
      {"huge.safetensors", std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)},
      {"cut.pth", zip.substr(0, zip.size() / 2)},
      {"system.pth",
       "\x80\x02"
       "cos\nsystem\nX\x02\0\0\0lstR."s},
      {"empty.pth", ""}};
  for (const auto& [name, bytes] : models) {
    write_text(directory_ / name, bytes);
    const Finished run = run_solstice({"translate", "--model", (directory_ / name).string(),
                                       in().string(), "--out", out().string()});
    EXPECT_EQ(run.code, 2) << name;
    EXPECT_EQ(lines_of(run.err).size(), 1U) << run.err;
    EXPECT_NE(run.err.find(name), std::string::npos) << run.err;
  }
}

TEST_F(Translate, NoImageAtAllEndsTheRun) {
  fs::create_directories(in());
  const Finished empty = translate({in().string(), "--out", out().string()});
  EXPECT_EQ(empty.code, 2);
  EXPECT_NE(empty.err.find("no image"), std::string::npos) << empty.err;
  const Finished missing = translate({(directory_ / "nowhere").string(), "--out", out().string()});
  EXPECT_EQ(missing.code, 2);
  EXPECT_NE(missing.err.find("nowhere"), std::string::npos) << missing.err;
}

TEST_F(Translate, FindsCollidingNamesBeforeTheFirstPixel) {
  fs::create_directories(in());
  save_image((in() / "a.jpg").string(), make_photo(40, 40, 1));
  save_image((in() / "a.png").string(), make_photo(40, 40, 2));
  const Finished run = translate({in().string(), "--out", out().string(), "--format", "png"});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("a.jpg"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("a.png"), std::string::npos) << run.err;
  EXPECT_TRUE(files_below(out()).empty());
}

TEST_F(Translate, ADryRunTouchesNothing) {
  make_photos(in(), 2, 40, 40);
  const Finished run = translate({in().string(), "--out", out().string(), "--dry-run"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_NE(run.out.find("001.jpg"), std::string::npos) << run.out;
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(Translate, ASecondRunSkipsWhatIsThere) {
  make_photos(in(), 3, 40, 40);
  ASSERT_EQ(translate({in().string(), "--out", out().string()}).code, 0);
  const auto first = fs::last_write_time(out() / "000.jpg");
  fs::remove(out() / "001.jpg");
  const Finished run = translate({in().string(), "--out", out().string()});
  EXPECT_EQ(run.code, 0);
  EXPECT_NE(run.err.find("1 translated, 2 skipped"), std::string::npos) << run.err;
  EXPECT_EQ(fs::last_write_time(out() / "000.jpg"), first);
}

TEST_F(Translate, ReportsInJson) {
  make_photos(in(), 3, 40, 40);
  write_text(in() / "bad.png", "");
  const fs::path report = directory_ / "report.json";
  const Finished run =
      translate({in().string(), "--out", out().string(), "--json", "--report", report.string()});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(lines_of(run.out).size(), 4U) << run.out;
  for (const std::string& line : lines_of(run.out)) {
    EXPECT_TRUE(nlohmann::json::parse(line).is_object()) << line;
  }
  const auto object = nlohmann::json::parse(read_text(report));
  EXPECT_NE(object.dump().find("bad.png"), std::string::npos);
  EXPECT_EQ(object["options"]["precision"], "fp32");
  EXPECT_EQ(object["options"]["threads"], 1);
  EXPECT_EQ(object["counts"]["done"], 3);
  EXPECT_EQ(object["failures"].size(), 1U);
  EXPECT_EQ(object["stages"].size(), 6U);
  for (const auto& stage : object["stages"]) EXPECT_LE(stage["busy"], 1.01) << stage;
  EXPECT_FALSE(object["bottleneck"].get<std::string>().empty());
  EXPECT_GT(object["images_per_second"], 0);
  EXPECT_GT(object["megapixels_per_second"], 0);
}

TEST_F(Translate, GivesTheSameBytesWhateverTheNumberOfJobs) {
  make_photos(in(), 6, 44, 52);
  for (const char* jobs : {"1", "4"}) {
    ASSERT_EQ(
        translate({in().string(), "--out", (directory_ / jobs).string(), "--jobs", jobs}).code, 0);
  }
  for (const std::string& name : files_below(directory_ / "1")) {
    EXPECT_EQ(read_text(directory_ / "1" / name), read_text(directory_ / "4" / name)) << name;
  }
}

TEST_F(Translate, CtrlCFinishesWhatIsInFlightAndCanGoOn) {
  make_photos(in(), 60, 96, 96);
  for (const int signal : {SIGINT, SIGHUP}) {
    ProgramOptions options;
    options.watch = [signal](const std::string& out, const std::string&) {
      return lines_of(out).size() >= 2 ? signal : 0;
    };
    const std::string out = (directory_ / ("stopped" + std::to_string(signal))).string();
    const Finished stopped = translate({in().string(), "--out", out, "--json"}, options);
    EXPECT_EQ(stopped.code, 128 + signal) << stopped.err;
    EXPECT_NE(stopped.err.find("translated"), std::string::npos) << "says what was done";
    EXPECT_LT(files_below(out).size(), 60U);
    const Finished rest = translate({in().string(), "--out", out});
    EXPECT_EQ(rest.code, 0) << rest.err;
    EXPECT_EQ(files_below(out).size(), 60U);
  }
}

TEST_F(Translate, UnderNohupAHangupIsIgnored) {
  make_photos(in(), 40, 96, 96);
  const std::string script =
      "trap '' HUP; \"$@\" & pid=$!; while [ ! -e \"$OUT/000.jpg\" ] && kill -0 $pid; do "
      "sleep 0.02; done; kill -HUP $pid; wait $pid";
  ProgramOptions options;
  options.environment["OUT"] = out().string();
  const Finished run =
      run_program({"/bin/bash", "-c", script, "bash", SOLSTICE_BINARY, "translate", "--model",
                   run_.string(), in().string(), "--out", out().string()},
                  options);
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(files_below(out()).size(), 40U);
}

}  // namespace
}  // namespace solstice::testing
