#include "data/image_review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/loader.h"
#include "pictures.h"

namespace solstice {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::picture;
using testing::plain_options;
using testing::sample_of;
using testing::TemporaryDirectory;
using testing::text_of;
using testing::write_picture;

constexpr double kLong = 60;  ///< seconds; a review ends with its last image

cv::Mat flat(int width = 32) { return cv::Mat(32, width, CV_8UC3, cv::Scalar(90, 120, 30)); }

DataOptions options_for(const TemporaryDirectory& data) {
  DataOptions options = plain_options(data.path(), 32);
  options.keep_flat_images = false;
  return options;
}

TEST(FlatImages, AreNamedBeforeTrainingWhicheverSideTheyAreOn) {
  const TemporaryDirectory data;
  for (const char* name : {"1.png", "2.png", "3.png", "4.png"}) {
    write_picture(data.path() / "trainA" / name, picture(32, 32));
    write_picture(data.path() / "trainB" / name, picture(32, 32));
  }
  write_picture(data / "trainA/2.png", flat());
  cv::Mat nearly = flat();
  nearly.at<cv::Vec3b>(3, 3) += cv::Vec3b(2, 2, 2);
  write_picture(data / "trainB/3.png", nearly);
  testing::truncate_file(data / "trainB/4.png", 0.7);
  for (const Pairing wanted : {Pairing::kPaired, Pairing::kUnpaired}) {
    const OpenedDataset opened = open_dataset(options_for(data), "train", wanted);
    const ImageReview review = review_images(*opened.dataset, 2, kLong);
    EXPECT_EQ(review.looked_at, 4);
    ASSERT_EQ(review.problems.size(), 3u) << text_of(review.problems, data.path());
    EXPECT_EQ(review.problems[0].file, "trainA/2.png");
    EXPECT_EQ(review.problems[0].what,
              (data / "trainA/2.png").string() +
                  ": is a single colour (deviation 0.00 of 255), which normalisation turns into "
                  "noise; --keep-flat-images trains on it");
    EXPECT_THAT(review.problems[1].what, HasSubstr("trainB/3.png: is a single colour (deviation"));
    EXPECT_THAT(review.problems[2].what, HasSubstr("trainB/4.png: "));
  }
}

TEST(FlatImages, AreReplacedInTrainingWhetherOrNotTheyWereFoundBefore) {
  const TemporaryDirectory data;
  for (int i = 0; i < 4; ++i) {
    cv::Mat both = picture(64, 32, i);
    if (i == 2) flat().copyTo(both.colRange(32, 64));
    write_picture(data / ("train/" + std::to_string(i) + ".png"), both);
  }
  const OpenedDataset opened = testing::open_pairs(options_for(data));
  EXPECT_EQ(review_images(*opened.dataset, 1, 0).looked_at, 0) << "no time, no report";
  Loader loader(*opened.dataset, options_for(data), 1, 0, 2, 2);
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) names.push_back(loader.next().names[0]);
  EXPECT_THAT(names,
              ::testing::ElementsAre("train/0.png", "train/1.png", "train/3.png", "train/3.png"));
  const ImageReview review = review_images(*opened.dataset, 1, kLong);
  ASSERT_EQ(review.problems.size(), 1u);
  ASSERT_EQ(loader.failures().size(), 1u);
  EXPECT_EQ(loader.failures()[0].file, review.problems[0].file);
  EXPECT_EQ(loader.failures()[0].what, review.problems[0].what);
}

TEST(FlatImages, AreTrainedOnWhenAskedFor) {
  const TemporaryDirectory data;
  write_picture(data / "train/1.png", flat(64));
  DataOptions options = options_for(data);
  EXPECT_THAT(error_of(ErrorKind::kInput,
                       [&] { (void)sample_of(*testing::open_pairs(options).dataset, 0); }),
              HasSubstr("is a single colour"));
  options.keep_flat_images = true;
  const OpenedDataset opened = testing::open_pairs(options);
  EXPECT_TRUE(review_images(*opened.dataset, 1, kLong).problems.empty());
}

TEST(FlatImages, AreMeasuredInLevelsOf255WhateverTheDepth) {
  const TemporaryDirectory data;
  cv::Mat deep(32, 64, CV_16UC3, cv::Scalar::all(30000));
  deep.rowRange(0, 16) = cv::Scalar::all(30100);  // a deviation of 50, a fifth of a level
  write_picture(data / "train/1.png", deep);
  const OpenedDataset opened = testing::open_pairs(options_for(data));
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)sample_of(*opened.dataset, 0); }),
              HasSubstr("deviation 0.19 of 255"));
}

TEST(Review, LeavesDecodedImagesInTheCache) {
  const TemporaryDirectory data;
  for (int i = 0; i < 3; ++i) {
    write_picture(data / ("trainA/" + std::to_string(i) + ".png"), picture(32, 32, i));
    write_picture(data / ("trainB/" + std::to_string(i + 9) + ".png"), picture(32, 32, i + 9));
  }
  const OpenedDataset opened = open_dataset(options_for(data), "train", Pairing::kUnpaired);
  EXPECT_TRUE(review_images(*opened.dataset, 2, kLong).problems.empty());
  std::filesystem::remove_all(data / "trainA");
  std::filesystem::remove_all(data / "trainB");
  for (int64_t i = 0; i < 3; ++i) EXPECT_NO_THROW((void)sample_of(*opened.dataset, i));
}

}  // namespace
}  // namespace solstice
