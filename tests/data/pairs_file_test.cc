#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pictures.h"

namespace solstice {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::names_of;
using testing::open_pairs;
using testing::picture;
using testing::plain_options;
using testing::TemporaryDirectory;
using testing::text_of;
using testing::write_picture;
using testing::write_text;

/// A folder whose stems do not match: only a pairs file can tell what belongs together.
class PairsFile : public ::testing::Test {
 protected:
  PairsFile() {
    for (const char* split : {"train", "test"}) {
      for (const char* name : {"A/d1.png", "A/d2.png", "B/n1.png", "B/n2.png"}) {
        write_picture(data_ / (std::string(split) + name), picture(16, 16));
      }
    }
  }

  OpenedDataset open(const std::string& split) const {
    return open_pairs(plain_options(data_.path(), 16), split);
  }

  TemporaryDirectory data_;
};

TEST_F(PairsFile, SelectsRowsByTheSplitColumn) {
  write_text(data_ / "pairs.tsv",
             "split\tscene\tday\tnight\n"
             "train\ts1\ttrainA/d2.png\ttrainB/n1.png\n"
             "train\ts1\ttrainA/d1.png\ttrainB/n1.png\n"
             "test\ts2\ttestA/d1.png\ttestB/n2.png\n");
  const OpenedDataset train = open("train");
  EXPECT_EQ(train.reading, "paired by pairs.tsv, 2 pairs");
  EXPECT_EQ(train.dataset->pairing(), Pairing::kPaired);
  EXPECT_EQ(names_of(*train.dataset), "trainA/d1.png trainA/d2.png");
  EXPECT_EQ(names_of(*open("test").dataset), "testA/d1.png");
  EXPECT_TRUE(train.problems.empty()) << text_of(train.problems, data_.path());
}

TEST_F(PairsFile, TakesTwoPlainColumnsWithOrWithoutHeading) {
  for (const char* heading : {"", "A\tB\n", "\xEF\xBB\xBF# my pairs\r\n\r\nday\tnight\r\n"}) {
    write_text(
        data_ / "pairs.tsv",
        std::string(heading) + "trainA/d1.png\ttrainB/n2.png\r\ntrainA/d2.png\ttrainB/n1.png");
    EXPECT_EQ(names_of(*open("train").dataset), "trainA/d1.png trainA/d2.png") << heading;
  }
}

TEST_F(PairsFile, TakesPathsInsideTheSplitsFolders) {
  write_text(data_ / "pairs.tsv", "d2.png\tn1.png\n");
  EXPECT_EQ(names_of(*open("train").dataset), "trainA/d2.png");
  EXPECT_EQ(names_of(*open("test").dataset), "testA/d2.png");
}

TEST_F(PairsFile, NeverGivesATrainingRowToAnotherPart) {
  write_text(data_ / "pairs.tsv", "trainA/d1.png\ttrainB/n1.png\nvalA/d1.png\tvalB/n1.png\n");
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)open("test"); }),
              HasSubstr("needs pairs, found: unpaired (0 stems in common): testA + testB"))
      << "read from the folders instead";
  const OpenedDataset train = open("train");
  EXPECT_EQ(names_of(*train.dataset), "trainA/d1.png");
  EXPECT_TRUE(train.problems.empty()) << text_of(train.problems, data_.path());
}

TEST_F(PairsFile, NamesRowsThatAreMalformedOrMissFiles) {
  write_text(data_ / "pairs.tsv",
             "split\tday\tnight\n"
             "train\ttrainA/d1.png\n"
             "train\ttrainA/d1.png\ttrainB/gone.png\n"
             "train\t\ttrainB/n1.png\n"
             "train\ttrainA/d2.png\ttrainB/n2.png\n");
  const OpenedDataset opened = open("train");
  EXPECT_EQ(names_of(*opened.dataset), "trainA/d2.png");
  EXPECT_EQ(text_of(opened.problems, data_.path()),
            "pairs.tsv: line 2: expected 3 or more tab-separated columns with two image names, "
            "found 2\n"
            "pairs.tsv: line 3: trainB/gone.png does not exist\n"
            "pairs.tsv: line 4: expected 3 or more tab-separated columns with two image names, "
            "found 3\n");
}

TEST_F(PairsFile, RefusesAFileWithoutOneRowOfTwoImages) {
  write_text(data_ / "pairs.tsv", "trainA/d1.png, trainB/n1.png\n");
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)open("train"); }),
              HasSubstr("pairs.tsv: not one row has two image names separated by a tab"));
}

TEST_F(PairsFile, IsTheOneTheOptionsName) {
  write_text(data_ / "pairs.tsv", "trainA/d1.png\ttrainB/n1.png\n");
  write_text(data_ / "other.tsv", "trainA/d2.png\ttrainB/n1.png\n");
  DataOptions options = plain_options(data_.path(), 16);
  for (const std::string& name : {std::string("other.tsv"), (data_ / "other.tsv").string()}) {
    options.pairs = name;
    const OpenedDataset opened = open_pairs(options);
    EXPECT_EQ(names_of(*opened.dataset), "trainA/d2.png");
    EXPECT_EQ(opened.reading, "paired by other.tsv, 1 pair");
  }
  options.pairs = "none.tsv";
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)open_pairs(options); }),
              HasSubstr("--pairs none.tsv: does not exist"));
}

TEST_F(PairsFile, SaysWhichFileIsMissingWhenNoPairIsLeft) {
  write_text(data_ / "pairs.tsv", "trainA/gone.png\ttrainB/n1.png\n");
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)open("train"); }),
              HasSubstr("line 1: trainA/gone.png does not exist"));
}

}  // namespace
}  // namespace solstice
