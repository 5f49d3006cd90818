#include "pipelines/evaluate_flow.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "flow_fixture.h"
#include "metrics/set_distance.h"
#include "pipelines/evaluation_page.h"
#include "pipelines/evaluation_report.h"
#include "support/expect_error.h"

namespace solstice {
namespace {

using testing::fails_with;
using testing::inverting_model;
using testing::TemporaryDirectory;
using testing::test_image;
using testing::write_image;
using testing::write_text;
using Json = nlohmann::json;

void write_pixels(const fs::path& path, const cv::Mat& pixels) {
  write_text(path, encode_image({pixels, {}}, {ImageFormat::kPng}));
}

/// Folders "images" and "truth" that runs compare.
class EvaluateFlow : public ::testing::Test {
 protected:
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  EvaluateOptions options(std::vector<std::string> metrics = {"psnr", "l1"}) const {
    EvaluateOptions made;
    made.images = at("images"), made.truth = at("truth");
    made.metrics = std::move(metrics);
    made.report = at("report.json");
    return made;
  }

  /// The report of a run over the two folders.
  Json compare_folders(const EvaluateOptions& options) {
    summary_ = run_evaluate_flow(options, pair_folders(options.images, options.truth), nullptr,
                                 nullptr, out_);
    return Json::parse(read_file(options.report));
  }

  /// The report of a model's run over the truths of one folder.
  Json try_model(EvaluateOptions options, const ImageModel* model, EvaluationInputs inputs) {
    options.data = options.truth, options.images = options.truth = "";
    summary_ = run_evaluate_flow(options, list_truths(options.data, inputs), model, nullptr, out_);
    return Json::parse(read_file(options.report));
  }

  static double mean_of(const Json& report, const std::string& metric, const std::string& of) {
    for (const Json& row : report["summary"]) {
      if (row["metric"] == metric && row["of"] == of) return row["mean"];
    }
    ADD_FAILURE() << "no " << metric << " of " << of << " in " << report["summary"];
    return std::nan("");
  }

  TemporaryDirectory folder_;
  std::ostringstream out_;
  EvaluateSummary summary_;
};

TEST_F(EvaluateFlow, AnImageTooSmallForOneMetricKeepsTheOthers) {
  for (const char* name : {"large.png", "small.png"}) {
    const int side = name[0] == 'l' ? 20 : 9;
    write_image(at("truth/") + name, side, side, 1);
    write_image(at("images/") + name, side, side, 2);
  }
  EvaluateOptions both = options({"ssim", "psnr", "colorfulness"});
  both.csv = at("files.csv");
  ::testing::internal::CaptureStderr();
  const Json report = compare_folders(both);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find(
                "small.png: has no ssim, which needs sides of 11 or more; found 9x9"),
            std::string::npos);
  EXPECT_EQ(summary_.failed, 0);
  const Json& scores = report["files"][1]["scores"];
  EXPECT_TRUE(scores["images"].at("ssim").is_null());
  EXPECT_TRUE(scores["images"].at("psnr").is_number());
  EXPECT_FALSE(scores["truth"].contains("ssim"));
  for (const Json& row : report["summary"])
    EXPECT_EQ(row["files"], row["metric"] == "ssim" ? 1 : 2);
  EXPECT_EQ(report["worst"].size(), 1U);
  EXPECT_NE(read_file(both.csv).find("small.png,done,9,9,,"), std::string::npos)
      << read_file(both.csv);
  const Json alone = compare_folders(options({"ssim"}));
  EXPECT_EQ(summary_.failed, 1);
  EXPECT_NE(alone["files"][1]["error"].get<std::string>().find("ssim needs sides of 11"),
            std::string::npos);
}

TEST_F(EvaluateFlow, ComparesFoldersByNameWhateverTheExtension) {
  for (const char* name : {"x/a", "b"}) {
    write_image(at("truth/" + std::string(name) + ".png"), 20, 16, 1);
    write_pixels(at("images/" + std::string(name) + ".tif"),
                 test_image(20, 16, 1).pixels & cv::Scalar(254, 254, 254));
  }
  const Json report = compare_folders(options());
  EXPECT_EQ(summary_.compared, 2);
  // Where a level was odd, it is one off: of half of the values, or of as many as there are.
  const cv::Mat odd = test_image(20, 16, 1).pixels & cv::Scalar(1, 1, 1);
  const double share = cv::sum(odd).dot(cv::Scalar(1, 1, 1)) / (20 * 16 * 3);
  EXPECT_NEAR(mean_of(report, "l1", "images"), share, 1e-12);
  EXPECT_NEAR(mean_of(report, "psnr", "images"), 10 * std::log10(255 * 255 / share), 1e-9);
  EXPECT_NE(out_.str().find("metric  of"), std::string::npos) << out_.str();
}

TEST_F(EvaluateFlow, NamesMissingPartnersOfBothSides) {
  for (const char* name :
       {"images/a.png", "images/only.png", "truth/a.png", "truth/b/alone.png", "truth/a.bmp"}) {
    write_image(at(name));
  }
  const Json report = compare_folders(options());
  EXPECT_EQ(summary_.compared, 1);
  EXPECT_EQ(summary_.left_out, 3);
  const std::string left_out = report["left_out"].dump();
  EXPECT_NE(left_out.find("images/only.png\",\"why\":\"has no partner in"), std::string::npos)
      << left_out;
  EXPECT_NE(left_out.find("truth/b/alone.png\",\"why\":\"has no partner in"), std::string::npos);
  EXPECT_NE(left_out.find("truth/a.bmp\",\"why\":\"has the same stem as a.png"), std::string::npos)
      << left_out;
}

TEST_F(EvaluateFlow, HasNothingToSayWhenNothingMatches) {
  write_image(at("images/a.png"));
  write_image(at("truth/b.png"));
  EXPECT_TRUE(
      fails_with("for example a.png and b.png", [&] { pair_folders(at("images"), at("truth")); }));
  EXPECT_TRUE(fails_with("does not exist", [&] { pair_folders(at("no"), at("truth")); }));
  fs::create_directories(at("empty"));
  EXPECT_TRUE(fails_with("no images found", [&] { pair_folders(at("images"), at("empty")); }));
}

TEST_F(EvaluateFlow, ABadFileCostsItself) {
  for (const char* name : {"a.png", "b.png", "c.png"}) {
    write_image(at("truth/" + std::string(name)), 24, 20);
    write_image(at("images/" + std::string(name)), 24, 20);
  }
  write_text(at("images/a.png"), "no image");
  write_image(at("images/c.png"), 12, 10);
  const Json report = compare_folders(options({"ssim", "psnr"}));
  EXPECT_EQ(summary_.compared, 1);
  EXPECT_EQ(summary_.failed, 2);
  EXPECT_EQ(report["summary"][0]["files"], 1);
  EXPECT_EQ(report["files"][0]["status"], "failed");
  EXPECT_NE(report["files"][2]["error"].get<std::string>().find(
                "is 12x10, the truth 24x20, 2 times as large"),
            std::string::npos);
  EXPECT_EQ(mean_of(report, "ssim", "images"), 1);
  EXPECT_EQ(report["summary"][1]["mean"], "inf");
}

TEST_F(EvaluateFlow, SettlesAlphaDepthAndGreyAndSaysSo) {
  const cv::Mat grey(16, 16, CV_8UC1, cv::Scalar(100));
  cv::Mat rgb, rgba, wide;
  cv::cvtColor(grey, rgb, cv::COLOR_GRAY2RGB);
  cv::cvtColor(grey, rgba, cv::COLOR_GRAY2RGBA);
  rgb.convertTo(wide, CV_16U, 257, 128);  // half a level of 8 bit more
  write_pixels(at("images/alpha.png"), rgba), write_pixels(at("truth/alpha.png"), rgb);
  write_pixels(at("images/grey.png"), grey), write_pixels(at("truth/grey.png"), rgb);
  write_pixels(at("images/wide.png"), rgb), write_pixels(at("truth/wide.png"), wide);
  ::testing::internal::CaptureStderr();
  const Json report = compare_folders(options({"l1"}));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(summary_.compared, 3);
  EXPECT_EQ(report["files"][0]["scores"]["images"]["l1"], 0);
  EXPECT_EQ(report["files"][1]["scores"]["images"]["l1"], 0);
  EXPECT_NEAR(report["files"][2]["scores"]["images"]["l1"], 128.0 / 257, 1e-12);
  EXPECT_NE(said.find("has an alpha channel, the truth has none: only colours"), std::string::npos);
  EXPECT_NE(said.find("is grey, the truth is in colour"), std::string::npos) << said;
  EXPECT_NE(said.find("is 8 bit, the truth 16 bit: compared in levels of 8"), std::string::npos);
}

TEST_F(EvaluateFlow, CutsBordersAndCropsTruthsToTheScale) {
  const cv::Mat truth = test_image(21, 19).pixels;
  cv::Mat image = truth(cv::Rect(0, 0, 20, 16)).clone();
  cv::rectangle(image, cv::Rect(0, 0, 20, 16), cv::Scalar(0, 0, 0), 4);
  write_pixels(at("truth/a.png"), truth), write_pixels(at("images/a.png"), image);
  EvaluateOptions scaled = options({"l1"});
  scaled.scale = 4;
  EXPECT_EQ(mean_of(compare_folders(scaled), "l1", "images"), 0);
  scaled.border = "1";
  EXPECT_GT(mean_of(compare_folders(scaled), "l1", "images"), 0);
  scaled.border = "8";
  compare_folders(scaled);
  EXPECT_EQ(summary_.failed, 1);
  scaled.border = "-1";
  EXPECT_TRUE(fails_with("--border: found \"-1\"", [&] { compare_folders(scaled); }));
}

TEST_F(EvaluateFlow, ShowsAModelBesideItsBaseline) {
  write_image(at("truth/a.png"), 23, 17, 3);
  ImageModel nearest = inverting_model();
  nearest.name = "nearest", nearest.scale = 2;
  nearest.translate = [](const Image& image) {
    EXPECT_EQ(image.pixels.size(), cv::Size(11, 8));
    Image result;
    cv::resize(image.pixels, result.pixels, {}, 2, 2, cv::INTER_NEAREST);
    return result;
  };
  const Json report = try_model(options(), &nearest, EvaluationInputs::kShrunk);
  EXPECT_EQ(report["files"][0]["size"], (Json{22, 16}));
  EXPECT_EQ(report["protocol"],
            "luma (y), not rounded, 2 pixels cut off all around, truths cropped "
            "to a multiple of 2");
  EXPECT_GT(mean_of(report, "l1", "nearest"), mean_of(report, "l1", "bicubic"));
  EvaluateOptions wrong = options();
  wrong.scale = 3;
  EXPECT_TRUE(fails_with("--scale 3 does not fit: the model's is 2",
                         [&] { try_model(wrong, &nearest, EvaluationInputs::kShrunk); }));
}

TEST_F(EvaluateFlow, GivesAColourisingModelTheLightness) {
  const Image colour = test_image(20, 16, 2);
  write_pixels(at("truth/a.png"), colour.pixels);
  ImageModel perfect = inverting_model();
  perfect.name = "perfect";
  perfect.translate = [&](const Image& image) {
    EXPECT_EQ(image.pixels.channels(), 1);
    return colour;
  };
  const Json report = try_model(options({"l1", "colorfulness"}), &perfect, EvaluationInputs::kGrey);
  EXPECT_EQ(mean_of(report, "l1", "perfect"), 0);
  EXPECT_GT(mean_of(report, "l1", "grey"), 5);
  EXPECT_EQ(mean_of(report, "colorfulness", "grey"), 0);
  EXPECT_EQ(mean_of(report, "colorfulness", "perfect"), mean_of(report, "colorfulness", "truth"));
}

TEST_F(EvaluateFlow, MeasuresSetsByTheFeaturesItIsGiven) {
  cv::Mat rows[2] = {cv::Mat(4, 3, CV_32F), cv::Mat(3, 3, CV_32F)};
  const auto means = [](const Image& image) {
    const cv::Scalar mean = cv::mean(image.pixels);
    return std::vector<float>{static_cast<float>(mean[0]) / 255, static_cast<float>(mean[1]) / 255,
                              static_cast<float>(mean[2]) / 255};
  };
  for (int i = 0; i < 7; ++i) {
    const bool truth = i >= 4;
    write_image(at((truth ? "truth/" : "images/") + std::to_string(i) + ".png"), 20 + i, 16, i);
    const auto numbers = means(test_image(20 + i, 16, i));
    std::copy(numbers.begin(), numbers.end(), rows[truth].ptr<float>(truth ? i - 4 : i));
  }
  const EvaluateOptions wanted = options({"kid", "fid"});
  const FeatureModel features{means, "means"};
  const EvaluationPlan plan = list_both_folders(wanted.images, wanted.truth);
  run_evaluate_flow(wanted, plan, nullptr, &features, out_);
  const Json report = Json::parse(read_file(wanted.report));
  EXPECT_NEAR(mean_of(report, "kid(means)", "images"), kid(rows[0], rows[1]).mean, 1e-9);
  EXPECT_NEAR(mean_of(report, "fid(means)", "images"), frechet_distance(rows[0], rows[1]), 1e-9);
  EXPECT_EQ(report["summary"][0]["files"], 4);
}

TEST_F(EvaluateFlow, RefusesASetOfOneImage) {
  write_image(at("images/a.png")), write_image(at("truth/a.png")), write_image(at("truth/b.png"));
  EXPECT_TRUE(fails_with(
      "--metrics kid: compares sets, and needs two images or more in each; found "
      "1 and 2",
      [&] { require_enough(list_both_folders(at("images"), at("truth")), options({"kid"})); }));
}

TEST_F(EvaluateFlow, WritesDifferencesAndAPageOfTheWorst) {
  for (int i = 0; i < 4; ++i) {
    const cv::Mat truth = test_image(20, 16).pixels / 2;
    const std::string name = "<" + std::to_string(i) + ">.png";
    write_pixels(at("truth/" + name), truth);
    write_pixels(at("images/" + name), truth + cv::Scalar::all(3 - i));
  }
  EvaluateOptions wanted = options({"l1"});
  wanted.worst = 2, wanted.page = at("page"), wanted.difference = at("difference");
  wanted.csv = at("files.csv");
  const Json report = compare_folders(wanted);
  EXPECT_EQ(report["worst"][0]["file"], "<0>.png");
  EXPECT_EQ(report["worst"][1]["value"], 2);
  const cv::Mat shown = load_image(at("difference/<1>.png")).pixels;
  EXPECT_EQ(shown.size(), cv::Size(3 * 20 + 16, 16));
  EXPECT_EQ(shown.at<cv::Vec3b>(5, 60), cv::Vec3b(16, 16, 16)) << "8 times 2";
  const std::string page = read_file(at("page/index.html"));
  EXPECT_NE(page.find("&lt;0&gt;.png: l1 3</figcaption>"), std::string::npos);
  EXPECT_EQ(page.find("&lt;2&gt;.png: l1"), std::string::npos);
  EXPECT_EQ(page.find("<0>"), std::string::npos);
  EXPECT_EQ(page.find("http:"), std::string::npos);
  const std::string csv = read_file(at("files.csv"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5);
}

TEST_F(EvaluateFlow, PrintsAnObjectForEachFileWithJson) {
  write_image(at("images/a.png")), write_image(at("truth/a.png"));
  EvaluateOptions wanted = options({"l1"});
  wanted.json = true;
  compare_folders(wanted);
  std::istringstream lines(out_.str());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(Json::parse(line)["scores"]["images"]["l1"], 0);
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(Json::parse(line)["summary"][0]["mean"], 0);
}

TEST(SizeProblem, SaysWhatMayBeMeant) {
  EXPECT_EQ(size_problem({8, 8}, {8, 8}), "");
  EXPECT_NE(size_problem({20, 10}, {10, 20}).find("turned by a quarter"), std::string::npos);
  EXPECT_NE(size_problem({10, 20}, {40, 80}).find("Name a model of scale 4"), std::string::npos);
  EXPECT_NE(size_problem({40, 80}, {10, 20}).find("the result is 4 times as large"),
            std::string::npos);
  EXPECT_NE(size_problem({40, 80}, {41, 83}).find("with --scale N"), std::string::npos);
  EXPECT_EQ(size_problem({64, 48}, {63, 48}, 3),
            "is 64x48, the truth 63x48 once it is cropped to a multiple of --scale 3: is that the "
            "scale of the results?");
  EXPECT_EQ(size_problem({40, 80}, {100, 10}), "is 40x80, the truth 100x10");
}

TEST(ChosenMetrics, AreKnownAndNamedOnce) {
  const ChosenMetrics chosen = choose_metrics({"colorfulness", "ssim", "kid"});
  EXPECT_TRUE(chosen.needs_pairs());
  EXPECT_EQ(chosen.judge->name, "ssim");
  EXPECT_FALSE(choose_metrics({"colorfulness", "fid"}).needs_pairs());
  EXPECT_TRUE(
      fails_with("'pnsr' is no metric; did you mean psnr", [] { choose_metrics({"pnsr"}); }));
  EXPECT_TRUE(fails_with("l1 stands there twice", [] { choose_metrics({"l1", "l1"}); }));
  EXPECT_TRUE(fails_with("names none", [] { choose_metrics({}); }));
}

TEST(Summary, HasMeanAndSampleDeviationOfWhatIsANumber) {
  const SummaryRow row = summarize("m", "s", {1, 2, std::nan(""), 3, 4});
  EXPECT_EQ(row.mean, 2.5);
  EXPECT_NEAR(row.deviation, std::sqrt(5.0 / 3), 1e-15);
  EXPECT_EQ(row.count, 4);
  const SummaryRow infinite = summarize("m", "s", {1, INFINITY});
  EXPECT_TRUE(std::isinf(infinite.mean));
  EXPECT_TRUE(std::isnan(infinite.deviation));
  EXPECT_EQ(number_text(infinite.mean) + number_text(infinite.deviation), "inf-");
}

TEST(EvaluationCsv, QuotesNamesThatNeedIt) {
  Evaluation evaluation;
  evaluation.series = {"a,b"};
  evaluation.metrics = choose_metrics({"l1"});
  evaluation.files = {{"say \"x\".png", 4, 3, {{0.1}}, ""}, {"bad", 0, 0, {}, "no, image"}};
  EXPECT_EQ(evaluation_csv(evaluation),
            "file,status,width,height,\"l1 a,b\",error\r\n"
            "\"say \"\"x\"\".png\",done,4,3,0.1,\r\n"
            "bad,failed,,,,\"no, image\"\r\n");
}

TEST(EvaluateOptions, AreCheckedBeforeAnyWork) {
  EvaluateOptions made;
  EXPECT_TRUE(fails_with("nothing to do", [&] { check_options(made, "", ""); }));
  EXPECT_TRUE(fails_with("--data is missing", [&] { check_options(made, "m.pth", ""); }));
  made.images = "a";
  EXPECT_TRUE(fails_with("--truth is missing", [&] { check_options(made, "", ""); }));
  made.truth = "b";
  EXPECT_NO_THROW(check_options(made, "", ""));
  EXPECT_TRUE(fails_with("name one of the two pairs", [&] { check_options(made, "m.pth", ""); }));
  EXPECT_TRUE(fails_with("--metrics names neither", [&] { check_options(made, "", "f.pt"); }));
  made.metrics = {"kid"};
  EXPECT_TRUE(fails_with("kid needs --features FILE", [&] { check_options(made, "", ""); }));
  made.difference = "d";
  EXPECT_TRUE(fails_with("--difference needs", [&] { check_options(made, "", "f.pt"); }));
  made.split = "val";
  EXPECT_TRUE(fails_with("belong to --data", [&] { check_options(made, "", "f.pt"); }));
}

}  // namespace
}  // namespace solstice
