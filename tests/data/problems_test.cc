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
using testing::truncate_file;
using testing::write_picture;
using testing::write_text;

/// What opening says of a file, "" when nothing.
std::string problem_of(const OpenedDataset& opened, const std::filesystem::path& file) {
  std::string what;
  for (const DataProblem& problem : opened.problems) {
    if (problem.file == file.string()) what += problem.what;
  }
  return what;
}

TEST(DataProblems, NameEveryFileWhoseHeaderCannotBeRead) {
  const TemporaryDirectory data;
  for (const char* name : {"good", "empty", "text", "cut", "late"}) {
    for (const char* side : {"trainA", "trainB"}) {
      write_picture(data.path() / side / (std::string(name) + ".png"), picture(16, 16));
    }
  }
  write_text(data / "trainA/empty.png", "");
  write_text(data / "trainB/text.png", "Dear diary, today I went to see the sun set.");
  std::filesystem::resize_file(data / "trainA/cut.png", 20);
  std::filesystem::remove(data / "trainB/late.png");
  std::filesystem::create_symlink(data / "nowhere.png", data / "trainB/late.png");
  const OpenedDataset opened = open_pairs(plain_options(data.path(), 16));
  EXPECT_EQ(names_of(*opened.dataset), "trainA/good.png");
  EXPECT_EQ(opened.problems.size(), 4u);
  EXPECT_THAT(problem_of(opened, data / "trainA/empty.png"), HasSubstr("empty"));
  EXPECT_THAT(problem_of(opened, data / "trainB/text.png"), HasSubstr("text"));
  EXPECT_THAT(problem_of(opened, data / "trainA/cut.png"), HasSubstr("cut off"));
  EXPECT_EQ(problem_of(opened, data / "trainB/late.png"), "does not exist");
}

TEST(DataProblems, NamePairsOfDifferentSizes) {
  const TemporaryDirectory data;
  write_picture(data / "trainA/1.png", picture(64, 48));
  write_picture(data / "trainB/1.png", picture(64, 37));
  write_picture(data / "trainA/2.png", picture(64, 48));
  write_picture(data / "trainB/2.png", picture(64, 48));
  const OpenedDataset opened = open_pairs(plain_options(data.path(), 16));
  EXPECT_EQ(names_of(*opened.dataset), "trainA/2.png");
  EXPECT_EQ(problem_of(opened, data / "trainA/1.png"), "A is 64x48, B is 64x37");
}

TEST(DataProblems, NameSideBySideImagesOfOddWidth) {
  const TemporaryDirectory data;
  write_picture(data / "train/1.png", picture(65, 32));
  write_picture(data / "train/2.png", picture(64, 32));
  const OpenedDataset opened = open_pairs(plain_options(data.path(), 32));
  EXPECT_EQ(names_of(*opened.dataset), "train/2.png");
  EXPECT_EQ(problem_of(opened, data / "train/1.png"),
            "is 65x32: an odd width cannot be halved into A and B");
}

TEST(DataProblems, NameImagesSmallerThanTheCrop) {
  const TemporaryDirectory data;
  write_picture(data / "train/1.png", picture(80, 64));
  write_picture(data / "train/2.png", picture(128, 64));
  const OpenedDataset halves = open_pairs(plain_options(data.path(), 64));
  EXPECT_EQ(names_of(*halves.dataset), "train/2.png");
  EXPECT_EQ(problem_of(halves, data / "train/1.png"),
            "each half is 40x64, smaller than crop-size 64");
  for (const char* file : {"testA/a.png", "testB/b.png", "testB/c.png"}) {
    write_picture(data / file, picture(64, 64));
  }
  write_picture(data / "testB/d.png", picture(64, 63));
  const OpenedDataset alone =
      open_dataset(plain_options(data.path(), 64), "test", Pairing::kUnpaired);
  EXPECT_EQ(alone.dataset->pairing(), Pairing::kUnpaired);
  EXPECT_EQ(alone.dataset->size(), 2);
  EXPECT_EQ(problem_of(alone, data / "testB/d.png"), "is 64x63, smaller than crop-size 64");
}

TEST(DataProblems, EndTheRunWhenNotOneSampleIsLeft) {
  const TemporaryDirectory data;
  write_text(data / "train/1.png", "");
  write_text(data / "train/2.png", "");
  const std::string error =
      error_of(ErrorKind::kInput, [&] { (void)open_pairs(plain_options(data.path(), 16)); });
  EXPECT_THAT(error, HasSubstr("not one usable sample (A|B side by side: train)"));
  EXPECT_THAT(error, HasSubstr("2 problems, the first: " + (data / "train/1.png").string()));
}

TEST(DataProblems, FindTheHeaderBehindLargeMetadata) {
  const TemporaryDirectory data;
  write_picture(data / "train/1.jpg", picture(64, 32));
  const std::string jpeg = [&] {
    std::ifstream in(data / "train/1.jpg", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  std::string comment = "\xFF\xFE\xFF\xFF";  // a comment of the largest size, 65,535 bytes
  comment += std::string(65533, 'x');
  write_text(data / "train/1.jpg", jpeg.substr(0, 2) + comment + comment + jpeg.substr(2));
  const OpenedDataset opened = open_pairs(plain_options(data.path(), 32));
  EXPECT_EQ(opened.dataset->size(), 1);
}

TEST(DataOptionsCheck, RefusesACropLargerThanTheResizedImage) {
  const TemporaryDirectory data;
  write_picture(data / "train/1.png", picture(64, 32));
  DataOptions options = plain_options(data.path(), 64);
  options.load_size = 32;
  EXPECT_EQ(open_pairs(plain_options(data.path(), 32)).dataset->size(), 1);
  for (const Preprocess preprocess :
       {Preprocess::kResizeAndCrop, Preprocess::kFit, Preprocess::kScaleWidthAndCrop}) {
    options.preprocess = preprocess;
    EXPECT_THAT(error_of(ErrorKind::kUsage, [&] { (void)open_pairs(options); }),
                HasSubstr("--load-size 32 is smaller than --crop-size 64"));
  }
}

TEST(DataOptionsCheck, RefusesBatchesOfDifferentSizes) {
  const TemporaryDirectory data;
  write_picture(data / "train/1.png", picture(64, 32));
  write_picture(data / "train/2.png", picture(64, 33));  // 32 after rounding to 4
  DataOptions options = plain_options(data.path(), 16);
  options.preprocess = Preprocess::kNone;
  options.batch_size = 2;
  EXPECT_EQ(open_pairs(options).dataset->size(), 2);
  write_picture(data / "train/3.png", picture(64, 40));
  EXPECT_THAT(error_of(ErrorKind::kUsage, [&] { (void)open_pairs(options); }),
              HasSubstr("3.png gives 32x40; use --batch-size 1"));
  options.batch_size = 1;
  EXPECT_EQ(open_pairs(options).dataset->size(), 3);
}

TEST(RequireSides, NamesAFileThatTheNetworkCannotTake) {
  const TemporaryDirectory data;
  write_picture(data / "train/1.png", picture(128, 64));
  write_picture(data / "train/2.png", picture(192, 64));
  DataOptions options = plain_options(data.path(), 48);
  options.preprocess = Preprocess::kNone;
  const OpenedDataset opened = open_pairs(options);
  ASSERT_EQ(opened.sizes.size(), 2u);
  EXPECT_NO_THROW(require_sides(opened, 32, "resnet"));
  EXPECT_EQ(error_of(ErrorKind::kUsage, [&] { require_sides(opened, 64, "unet_64"); }),
            "[unet_64] " + (data / "train/2.png").string() +
                " gives samples of 96x64, and each side must be a multiple of 64; choose another "
                "--crop-size, --preprocess or --generator");
  const OpenedDataset cropped = open_pairs(plain_options(data.path(), 48));
  EXPECT_THAT(error_of(ErrorKind::kUsage, [&] { require_sides(cropped, 32, "unet_32"); }),
              HasSubstr("samples of 48x48"));
}

}  // namespace
}  // namespace solstice
