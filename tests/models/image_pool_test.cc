#include "models/trainers/image_pool.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

namespace solstice {
namespace {

at::Tensor image(double value) { return at::full({1, 1, 2, 2}, value, at::kFloat); }
double value_of(const at::Tensor& images) { return images.flatten()[0].item<double>(); }

TEST(ImagePool, ReturnsNewImagesWhileItFills) {
  ImagePool pool(50);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(value_of(pool.query(image(i))), i);
  EXPECT_EQ(pool.images().size(), 50U);
}

TEST(ImagePool, ReturnsAnOldImageHalfOfTheTimeAndKeepsTheNewOneInItsPlace) {
  at::manual_seed(1);
  ImagePool pool(50);
  for (int i = 0; i < 50; ++i) pool.query(image(i));
  int old = 0;
  for (int i = 50; i < 2050; ++i) {
    const double before = value_of(pool.query(image(i)));
    if (before != i) {
      ++old;
      std::set<double> kept;
      for (const at::Tensor& stored : pool.images()) kept.insert(value_of(stored));
      EXPECT_EQ(kept.count(before), 0U);
      EXPECT_EQ(kept.count(i), 1U);
    }
  }
  EXPECT_NEAR(old, 1000, 100);
}

TEST(ImagePool, DecidesImageByImage) {
  at::manual_seed(2);
  ImagePool pool(4);
  const at::Tensor batch = at::arange(4, at::kFloat).reshape({4, 1, 1, 1});
  EXPECT_TRUE(pool.query(batch).equal(batch));
  const at::Tensor mixed = pool.query(batch + 10);
  EXPECT_EQ(mixed.size(0), 4);
  const auto old = (mixed < 10).sum().item<int64_t>();
  EXPECT_GT(old, 0);
  EXPECT_LT(old, 4);
}

TEST(ImagePool, OfSizeZeroReturnsItsInput) {
  ImagePool pool(0);
  EXPECT_EQ(value_of(pool.query(image(3))), 3);
  EXPECT_TRUE(pool.images().empty());
}

TEST(ImagePool, ForgetsWhatAnUndoneStepStored) {
  at::manual_seed(3);
  ImagePool pool(3);
  pool.query(image(1));
  pool.query(image(2));
  pool.settle(at::zeros({}));
  pool.query(image(3));
  for (int i = 4; i < 12; ++i) pool.query(image(i));
  pool.settle(at::ones({}));
  EXPECT_EQ(value_of(pool.images()[0]), 1);
  EXPECT_EQ(value_of(pool.images()[1]), 2);
  EXPECT_EQ(value_of(pool.images()[2]), 0);
}

}  // namespace
}  // namespace solstice
