#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "data/degradation.h"
#include "data/file_datasets.h"
#include "data/training_data.h"
#include "image/codec.h"
#include "image/imresize.h"
#include "image/tensor_bridge.h"
#include "pictures.h"

namespace solstice {
namespace {

using testing::error_of;
using testing::names_of;
using testing::picture;
using testing::plain_options;
using testing::write_picture;

DataOptions shrunk_options(const std::filesystem::path& data, int64_t crop, int64_t scale) {
  DataOptions options = plain_options(data, crop);
  options.inputs = Inputs::kShrunk;
  options.scale = scale;
  return options;
}

TEST(MadeInputs, TakeTheFolderItselfWithoutThatOfOtherSplits) {
  const testing::TemporaryDirectory data;
  for (const char* name : {"b.png", "more/a.png", "val/v.png", "testA/t.png", "validated/w.png"}) {
    write_picture(data / name, picture(20, 20));
  }
  const OpenedDataset opened =
      open_dataset(shrunk_options(data.path(), 8, 2), "train", Pairing::kPaired);
  EXPECT_EQ(names_of(*opened.dataset), "b.png more/a.png validated/w.png");
  EXPECT_EQ(opened.reading, "one folder of images: " + data.path().string() + ", 3 images");
  write_picture(data / "train/c.png", picture(20, 20));
  EXPECT_EQ(names_of(*testing::open_pairs(shrunk_options(data.path(), 8, 2)).dataset),
            "train/c.png");
}

TEST(MadeInputs, AreWhatTheWholeImageMadeSmallerShows) {
  const testing::TemporaryDirectory data;
  write_picture(data / "a.png", picture(96, 84, 3));
  const cv::Mat image = load_image((data / "a.png").string()).pixels;
  for (const int scale : {2, 3, 4}) {
    const cv::Mat small = imresize(image, {96 / scale, 84 / scale});
    const OpenedDataset opened = testing::open_pairs(shrunk_options(data.path(), 24, scale));
    int aligned = 0;
    for (uint64_t seed = 0; seed < 200; ++seed) {
      const Sample sample = testing::sample_of(*opened.dataset, 0, seed);
      ASSERT_EQ(sample.target.sizes(), at::IntArrayRef({3, 24, 24}));
      ASSERT_EQ(sample.input.sizes(), at::IntArrayRef({3, 24 / scale, 24 / scale}));
      Rng rng({seed, 0});
      const int64_t left = rng.below(96 - 24 + 1), top = rng.below(84 - 24 + 1);
      if (left % scale != 0 || top % scale != 0) continue;
      ++aligned;
      const cv::Rect rect(static_cast<int>(left) / scale, static_cast<int>(top) / scale, 24 / scale,
                          24 / scale);
      EXPECT_TRUE(at::equal(sample.input, to_tensor(small(rect)).squeeze(0))) << seed;
    }
    EXPECT_GT(aligned, 3);
  }
}

TEST(MadeInputs, AreTurnedWithTheirTargets) {
  const testing::TemporaryDirectory data;
  write_picture(data / "a.png", picture(8, 8));
  DataOptions options = shrunk_options(data.path(), 8, 1);
  options.flip = options.rotate = true;
  const OpenedDataset opened = testing::open_pairs(options);
  std::vector<at::Tensor> seen;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Sample sample = testing::sample_of(*opened.dataset, 0, seed);
    EXPECT_TRUE(at::equal(sample.input, sample.target));
    bool is_new = true;
    for (const at::Tensor& other : seen) is_new = is_new && !at::equal(other, sample.target);
    if (is_new) seen.push_back(sample.target);
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST(MadeInputs, AreJudgedByMoreThanACropButNotByAll) {
  const testing::TemporaryDirectory data;
  write_picture(data / "a.png", picture(701, 45));
  const Sample sample =
      testing::open_pairs(shrunk_options(data.path(), 24, 2)).dataset->get_centre(0);
  EXPECT_EQ(sample.target.sizes(), at::IntArrayRef({3, 44, 512}));
  EXPECT_EQ(sample.input.sizes(), at::IntArrayRef({3, 22, 256}));
}

TEST(MadeInputs, SayWhatDoesNotFit) {
  const testing::TemporaryDirectory data;
  write_picture(data / "a.png", picture(20, 20));
  const auto open = [&](const DataOptions& options) {
    return error_of(ErrorKind::kUsage, [&] { testing::open_pairs(options); });
  };
  EXPECT_EQ(open(shrunk_options(data.path(), 9, 2)),
            "--crop-size 9: found 9, expected a multiple of --scale 2");
  DataOptions whole = shrunk_options(data.path(), 8, 2);
  whole.preprocess = Preprocess::kNone;
  EXPECT_EQ(open(whole), "--preprocess none: inputs are made of crops; use crop or fit");
  DataOptions none = shrunk_options(data / "empty", 8, 2);
  std::filesystem::create_directories(data / "empty");
  EXPECT_NE(error_of(ErrorKind::kInput, [&] { testing::open_pairs(none); })
                .find("no images found in it or in its folder train; looked for .jpg"),
            std::string::npos);
}

TEST(Degraded, IsDrawnFromTheGeneratorAloneAndHurts) {
  cv::Mat image(64, 96, CV_8UC3);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 96; ++x) {
      const auto level = static_cast<uchar>((x / 8 + y / 8) % 2 == 0 ? 60 : 190);
      image.at<cv::Vec3b>(y, x) = {level, static_cast<uchar>(level / 2), 100};
    }
  }
  const cv::Mat clean = imresize(image, {48, 32});
  double least = 255, most = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng({seed}), same({seed});
    const cv::Mat made = degrade(image, {48, 32}, rng);
    ASSERT_EQ(made.size(), cv::Size(48, 32));
    ASSERT_EQ(made.type(), CV_8UC3);
    EXPECT_EQ(cv::norm(made, degrade(image, {48, 32}, same), cv::NORM_INF), 0) << seed;
    const double distance =
        cv::norm(made, clean, cv::NORM_L1) / static_cast<double>(3 * made.total());
    least = std::min(least, distance);
    most = std::max(most, distance);
  }
  // From nearly clean to clearly spoilt, and still the same picture.
  EXPECT_LT(least, 3);
  EXPECT_GT(most, 6);
  EXPECT_LT(most, 30);
  Rng rng({1});
  EXPECT_EQ(degrade(cv::Mat(32, 32, CV_16UC1, cv::Scalar(257 * 90)), {16, 16}, rng).type(),
            CV_8UC1);
}

TEST(Degraded, GivesTheSameCentreEveryTime) {
  const testing::TemporaryDirectory data;
  write_picture(data / "a.png", picture(40, 40));
  DataOptions options = shrunk_options(data.path(), 16, 2);
  options.inputs = Inputs::kDegraded;
  const OpenedDataset opened = testing::open_pairs(options);
  EXPECT_TRUE(at::equal(opened.dataset->get_centre(0).input, opened.dataset->get_centre(0).input));
  EXPECT_FALSE(at::equal(testing::sample_of(*opened.dataset, 0, 1).input,
                         testing::sample_of(*opened.dataset, 0, 2).input));
}

TEST(Repeated, GoesOverEveryImageAgainWithOtherDraws) {
  const testing::TemporaryDirectory data;
  write_picture(data / "a.png", picture(64, 64));
  write_picture(data / "b.png", picture(64, 64, 1));
  const auto repeated =
      make_repeated(std::move(testing::open_pairs(shrunk_options(data.path(), 8, 2)).dataset), 3);
  EXPECT_EQ(names_of(*repeated), "a.png b.png a.png b.png a.png b.png");
  EXPECT_FALSE(
      at::equal(testing::sample_of(*repeated, 0).target, testing::sample_of(*repeated, 2).target));
}

}  // namespace
}  // namespace solstice
