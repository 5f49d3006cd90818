#include "pipelines/sidecars.h"

#include <opencv2/imgproc.hpp>

#include "flow_fixture.h"
#include "support/expect_error.h"
#include "support/shared_data.h"

namespace solstice {
namespace {

using testing::fails_with;
using testing::files_below;
using testing::FlowTest;
using testing::json_lines;
using testing::shared_data;
using testing::write_image;
using testing::write_text;

using Files = std::set<std::string>;

class Sidecars : public FlowTest {
 protected:
  Sidecars() { options.sidecars = true; }

  /// A model that makes images `scale` times as large.
  void grow(int scale) {
    model.scale = scale;
    model.translate = [scale](const Image& image) {
      Image result = image;
      cv::resize(image.pixels, result.pixels, {}, scale, scale, cv::INTER_NEAREST);
      return result;
    };
  }
};

TEST_F(Sidecars, StandBesideTheResultsUnchangedAndMasksAreNotTranslated) {
  write_image(in / "d/a.jpg");
  write_text(in / "d/a.txt", "0 0.5 0.5 0.1 0.2\n");
  write_text(in / "d/a.xml", "<annotation><xmin>3</xmin></annotation>");
  write_text(in / "d/a.json", "{ \"bbox\": [1,2,3,4] }");
  write_image(in / "d/a_mask.png", 8, 6, 5);
  write_text(in / "d/other.txt", "belongs to no image");
  write_image(in / "lonely_mask.png");
  const TranslateSummary summary = run();
  EXPECT_EQ(summary.done, 2) << "a mask without an image is an image";
  EXPECT_EQ(files_below(out), (Files{"d/a.jpg", "d/a.json", "d/a.txt", "d/a.xml", "d/a_mask.png",
                                     "lonely_mask.png"}));
  for (const char* name : {"d/a.txt", "d/a.xml", "d/a.json", "d/a_mask.png"}) {
    EXPECT_EQ(read_file(in / name), read_file(out / name)) << name;
  }
}

TEST_F(Sidecars, FollowTheNameOfTheResultAndAreNamedInTheAnswers) {
  write_image(in / "a.bmp");
  write_text(in / "a.txt", "1");
  options.format = OutputFormat::kPng;
  options.json = true;
  options.dry_run = true;
  run();
  EXPECT_EQ(json_lines(results.str()).at(0)["sidecars"].at(0), (out / "a.txt").string());
  EXPECT_FALSE(fs::exists(out));
  options.dry_run = false;
  run();
  EXPECT_EQ(json_lines(results.str()).at(0)["sidecars"].at(0), (out / "a.txt").string());
  EXPECT_EQ(files_below(out), (Files{"a.png", "a.txt"}));
}

TEST_F(Sidecars, KeepWhatIsThereAsExistingSays) {
  write_image(in / "a.png");
  write_text(in / "a.txt", "new");
  options.sidecars = false;
  run();
  options.sidecars = true;
  run();
  EXPECT_EQ(read_file(out / "a.txt"), "new") << "also beside a result of an earlier run";
  write_text(out / "a.txt", "mine");
  run();
  EXPECT_EQ(read_file(out / "a.txt"), "mine");
  options.existing = Existing::kError;
  fs::remove(out / "a.png");
  EXPECT_TRUE(fails_with("a.txt exists", [&] { run(); }));
  options.existing = Existing::kOverwrite;
  run();
  EXPECT_EQ(read_file(out / "a.txt"), "new");
}

TEST_F(Sidecars, NeverReplaceAnImageOrTheLabelOfAnotherImage) {
  write_image(in / "one/a.png");
  write_image(in / "two/a.bmp");
  write_text(in / "one/a.txt", "1");
  write_text(in / "two/a.txt", "2");
  options.inputs = {(in / "one").string(), (in / "two").string()};
  EXPECT_TRUE(fails_with("--sidecars: the copy of", [&] { run(); }));
  EXPECT_FALSE(fs::exists(out));

  // An image that is called like a label, given by name.
  fs::rename(in / "two/a.bmp", in / "two/a.json");
  write_text(in / "one/a.json", "{}");
  fs::remove(in / "two/a.txt");
  options.inputs = {(in / "one").string(), (in / "two/a.json").string()};
  EXPECT_TRUE(fails_with("which belongs to", [&] { run(); }));
}

TEST_F(Sidecars, ABadOneFailsItsImageAndNoOther) {
  grow(2);
  write_image(in / "a.png");
  write_image(in / "b.png");
  write_text(in / "a.json", "no JSON");
  const TranslateSummary summary = run();
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(files_below(out), (Files{"b.png"}));
}

TEST_F(Sidecars, AMaskLargerThanItsImageIsRefusedFromItsHeader) {
  grow(2);
  write_image(in / "a.png", 6, 4);
  write_image(in / "a_mask.png", 7, 4);
  options.json = true;
  EXPECT_EQ(run().failed, 1);
  EXPECT_NE(results.str().find("a_mask.png: is a mask of 7x4 pixels, its image has 6x4"),
            std::string::npos)
      << results.str();
}

TEST_F(Sidecars, GrowWithTheImage) {
  grow(2);
  write_image(in / "a.png", 6, 4);
  write_text(in / "a.txt", "0 0.5 0.5 0.1 0.2\n");
  write_text(in / "a.xml",
             "<annotation>\n\t<size><width>6</width><height> 4 </height><depth>3</depth></size>\n"
             "<bndbox><xmin>1</xmin><ymin>1.5</ymin><xmax>5</xmax><ymax>3</ymax></bndbox>"
             "<xmins>1</xmins></annotation>");
  write_text(
      in / "a.json",
      R"({"images":[{"id":3,"width":6,"height":4}],"annotations":[{"bbox":[1,2,3,1.5],)"
      R"("area":4.5,"segmentation":[[1,2,3,4]],"keypoints":[1,2,2,0,0,0],"iscrowd":0}],)"
      R"("categories":[{"keypoints":["nose"]}],"imageWidth":6,"shapes":[{"points":[[1,2]]}]})");
  cv::Mat mask(4, 6, CV_8UC1, cv::Scalar(0));
  mask.at<uchar>(2, 3) = 200;
  write_text(in / "a_mask.png", encode_image({mask, {}}, {ImageFormat::kPng}));
  EXPECT_EQ(run().done, 1);
  EXPECT_EQ(read_file(in / "a.txt"), read_file(out / "a.txt"));
  EXPECT_EQ(read_file(out / "a.xml"),
            "<annotation>\n\t<size><width>12</width><height> 8 </height><depth>3</depth></size>\n"
            "<bndbox><xmin>2</xmin><ymin>3.0</ymin><xmax>10</xmax><ymax>6</ymax></bndbox>"
            "<xmins>1</xmins></annotation>");
  EXPECT_EQ(
      read_file(out / "a.json"),
      R"({"images":[{"id":3,"width":12,"height":8}],"annotations":[{"bbox":[2,4,6,3.0],)"
      R"("area":18.0,"segmentation":[[2,4,6,8]],"keypoints":[2,4,2,0,0,0],"iscrowd":0}],)"
      R"("categories":[{"keypoints":["nose"]}],"imageWidth":12,"shapes":[{"points":[[2,4]]}]})"
      "\n");
  const cv::Mat grown = load_image((out / "a_mask.png").string()).pixels;
  EXPECT_EQ(grown.size(), cv::Size(12, 8));
  EXPECT_EQ(grown.at<uchar>(5, 7), 200);
  EXPECT_EQ(cv::sum(grown)[0], 800) << "no new values";
}

TEST(ScaledLabel, RefusesWhatItCannotScale) {
  const auto refuses = [](const char* ending, const std::string& label, const char* why) {
    return fails_with(why, [&] { scaled_label(ending, label, 2); });
  };
  EXPECT_TRUE(refuses(".xml", "<image width='3'/>", "no Pascal VOC"));
  EXPECT_TRUE(refuses(".xml", "<annotation><xmin>3", "never closed"));
  EXPECT_TRUE(refuses(".xml", "<annotation><xmin></xmin>", "expected a coordinate"));
  EXPECT_TRUE(refuses(".xml", "<annotation><xmin>1e999</xmin>", "expected a coordinate"));
  EXPECT_TRUE(refuses(".xml", "<annotation><size><width/></size>", "never closed"));
  EXPECT_TRUE(
      refuses(".xml", std::string("<annotation><xmin>1\0</xmin>", 27), "\"1\\x00\", expected"));
  EXPECT_TRUE(refuses(".json", "[1,", "no JSON"));
  EXPECT_TRUE(refuses(".json", std::string(100'000, '['), "nested too deeply"));
  EXPECT_TRUE(refuses(".json", R"({"segmentation":{"counts":"x"}})", "run-length"));
  EXPECT_TRUE(refuses(".json", R"({"bbox":[1e300,99999999999999,1,1]})", "too large"));
  EXPECT_TRUE(refuses(".json", R"({"points":[[1.7e308, 2.0]]})", "too large"));
  EXPECT_TRUE(refuses("_mask.png", "no image", "is text"));
}

TEST(ScaledLabel, FindsCoordinatesBesideAttributesAndNotInComments) {
  EXPECT_EQ(scaled_label(".xml",
                         "<annotation><!-- <xmin>?</xmin> --><xmin unit=\"px\"\n>3 </xmin >"
                         "<xmaxs>5</xmaxs></annotation>",
                         2),
            "<annotation><!-- <xmin>?</xmin> --><xmin unit=\"px\"\n>6 </xmin >"
            "<xmaxs>5</xmaxs></annotation>");
}

TEST(ScaledLabel, LeavesOutLabelmesCopyOfTheSmallImage) {
  EXPECT_EQ(scaled_label(".json", R"({"imageData":"/9j/","shapes":[{"points":[[1,2]]}]})", 3),
            "{\"imageData\":null,\"shapes\":[{\"points\":[[3,6]]}]}\n");
}

TEST(ScaledLabel, UnderstandsRealOnes) {
  SKIP_WITHOUT_SHARED_DATA("labelled");
  size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(shared_data() / "labelled")) {
    const std::string ending = entry.path().extension();
    if (ending != ".xml" && ending != ".json") continue;
    const std::string label = read_file(entry.path());
    std::string twice;
    try {
      twice = scaled_label(ending, label, 2);
    } catch (const Error& error) {
      ADD_FAILURE() << entry.path() << ": " << error.what();
    }
    EXPECT_NE(twice, label) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 20U);
}

}  // namespace
}  // namespace solstice
