#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pictures.h"

namespace solstice {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::names_of;
using ::testing::Not;
using testing::open_pairs;
using testing::picture;
using testing::plain_options;
using testing::sample_of;
using testing::TemporaryDirectory;
using testing::text_of;
using testing::write_picture;

TEST(Layouts, ReadsSideBySideImages) {
  const TemporaryDirectory data;
  cv::Mat both(32, 80, CV_8UC3, cv::Scalar(0, 0, 255));
  both.colRange(40, 80) = cv::Scalar(255, 0, 0);
  write_picture(data / "train/1.png", both);
  write_picture(data / "train/more/2.png", both);
  const OpenedDataset opened = open_pairs(plain_options(data.path(), 32));
  EXPECT_EQ(opened.reading, "A|B side by side: train, 2 pairs");
  EXPECT_EQ(names_of(*opened.dataset), "train/1.png train/more/2.png");
  EXPECT_EQ(opened.dataset->pairing(), Pairing::kPaired);
  const Sample sample = sample_of(*opened.dataset, 0);
  EXPECT_EQ(sample.input.sizes().vec(), (std::vector<int64_t>{3, 32, 32}));
  EXPECT_EQ(sample.input[0].min().item<float>(), 1);    // left: red
  EXPECT_EQ(sample.target[0].max().item<float>(), -1);  // right: blue
  EXPECT_EQ(sample.target[2].min().item<float>(), 1);
}

TEST(Layouts, PairsFoldersByRelativeStemWhateverTheFormat) {
  const TemporaryDirectory data;
  write_picture(data / "trainA/x/2.jpg", picture(20, 16));
  write_picture(data / "trainA/1.png", picture(20, 16));
  write_picture(data / "trainB/1.jpg", picture(20, 16));
  write_picture(data / "trainB/x/2.png", picture(20, 16));
  const OpenedDataset opened = open_pairs(plain_options(data.path(), 16));
  EXPECT_EQ(opened.reading, "paired by stem: trainA + trainB, 2 pairs");
  EXPECT_EQ(names_of(*opened.dataset), "trainA/1.png trainA/x/2.jpg");
  EXPECT_TRUE(opened.problems.empty()) << text_of(opened.problems, data.path());
}

TEST(Layouts, LeavesHiddenFilesAndOtherFilesOut) {
  const TemporaryDirectory data;
  for (const char* side : {"trainA", "trainB"}) {
    write_picture(data.path() / side / "1.png", picture(16, 16));
    write_picture(data.path() / side / ".thumbnails/9.png", picture(16, 16));
    testing::write_text(data.path() / side / "._1.png", "not an image");
    testing::write_text(data.path() / side / "notes.txt", "not an image");
  }
  const OpenedDataset opened = open_pairs(plain_options(data.path(), 16));
  EXPECT_EQ(names_of(*opened.dataset), "trainA/1.png");
  EXPECT_TRUE(opened.problems.empty()) << text_of(opened.problems, data.path());
}

TEST(Layouts, NamesEveryFileWithoutAPartner) {
  const TemporaryDirectory data;
  for (const char* stem : {"1", "2", "3"}) {
    write_picture(data.path() / "trainA" / (std::string(stem) + ".png"), picture(16, 16));
  }
  for (const char* stem : {"2", "3", "4"}) {
    write_picture(data.path() / "trainB" / (std::string(stem) + ".png"), picture(16, 16));
  }
  write_picture(data / "trainB/3.jpg", picture(16, 16));
  const OpenedDataset opened = open_pairs(plain_options(data.path(), 16));
  EXPECT_EQ(names_of(*opened.dataset), "trainA/2.png trainA/3.png");
  EXPECT_EQ(text_of(opened.problems, data.path()),
            "trainA/1.png: has no partner in trainB\n"
            "trainB/3.png: has the same stem as 3.jpg\n"
            "trainB/4.png: has no partner in trainA\n");
}

TEST(Layouts, SwapsTheSidesForDirectionBtoA) {
  const TemporaryDirectory data;
  for (int i = 0; i < 2; ++i) {
    write_picture(data / ("trainA/" + std::to_string(i) + ".png"), cv::Mat::zeros(16, 16, CV_8UC3));
    write_picture(data / ("trainB/" + std::to_string(i) + ".jpg"),
                  cv::Mat(16, 16, CV_8UC3, cv::Scalar::all(255)));
  }
  DataOptions options = plain_options(data.path(), 16);
  options.direction = Direction::kBtoA;
  const OpenedDataset opened = open_pairs(options);
  EXPECT_EQ(opened.dataset->name(0), "trainB/0.jpg");
  const Sample sample = sample_of(*opened.dataset, 0);
  EXPECT_EQ(sample.input.min().item<float>(), 1);
  EXPECT_EQ(sample.target.max().item<float>(), -1);
}

TEST(Layouts, TakesTheFirstImagesAfterSorting) {
  const TemporaryDirectory data;
  for (const char* stem : {"c", "a", "b"}) {
    write_picture(data.path() / "train" / (std::string(stem) + ".png"), picture(32, 16));
  }
  DataOptions options = plain_options(data.path(), 16);
  options.max_images = 2;
  EXPECT_EQ(names_of(*open_pairs(options).dataset), "train/a.png train/b.png");
}

TEST(Layouts, KnowsWhichPartsThereAre) {
  const TemporaryDirectory data;
  write_picture(data / "train/1.png", picture(32, 16));
  const DataOptions options = plain_options(data.path(), 16);
  EXPECT_TRUE(has_split(options, "train"));
  EXPECT_FALSE(has_split(options, "val"));
}

TEST(Layouts, SaysWhatItLookedForInAnUnknownFolder) {
  const TemporaryDirectory data;
  write_picture(data / "photos/1.png", picture(32, 16));
  const DataOptions options = plain_options(data.path(), 16);
  const std::string error = error_of(ErrorKind::kInput, [&] { (void)open_pairs(options); });
  for (const std::string& part : {data.path().string(), std::string("pairs.tsv"),
                                  std::string("trainA + trainB"), std::string("side by side")}) {
    EXPECT_THAT(error, HasSubstr(part));
  }
  EXPECT_THAT(error, Not(HasSubstr("--inputs")));
  write_picture(data / "1.png", picture(32, 16));
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)open_pairs(options); }),
              HasSubstr("the images in the folder itself (1) are a data set for --inputs shrunk"));
}

TEST(Layouts, SaysWhichOfTwoFoldersIsMissingOrEmpty) {
  const TemporaryDirectory data;
  write_picture(data / "trainA/1.png", picture(16, 16));
  const DataOptions options = plain_options(data.path(), 16);
  const auto open = [&] { (void)open_pairs(options); };
  EXPECT_THAT(error_of(ErrorKind::kInput, open), HasSubstr("has trainA but no trainB"));
  std::filesystem::create_directory(data / "trainB");
  EXPECT_THAT(error_of(ErrorKind::kInput, open),
              HasSubstr("trainA has 1 images, trainB has 0; looked for .jpg"));
}

TEST(Layouts, RefusesAFolderThatIsNotThere) {
  const TemporaryDirectory data;
  const auto open = [](const std::string& folder) {
    return [folder] { (void)open_pairs(plain_options(folder, 16)); };
  };
  EXPECT_THAT(error_of(ErrorKind::kUsage, open("")), HasSubstr("--data"));
  EXPECT_THAT(error_of(ErrorKind::kInput, open((data / "none").string())),
              HasSubstr("none: does not exist"));
  testing::write_text(data / "file", "x");
  EXPECT_THAT(error_of(ErrorKind::kInput, open((data / "file").string())),
              HasSubstr("file: is no folder"));
  std::filesystem::create_directory(data / "train");
  EXPECT_THAT(error_of(ErrorKind::kInput, open(data.path().string())),
              HasSubstr("no images found"));
}

}  // namespace
}  // namespace solstice
