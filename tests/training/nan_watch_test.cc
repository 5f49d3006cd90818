#include "training/nan_watch.h"

#include <gtest/gtest.h>

namespace solstice {
namespace {

using Answer = NanWatch::Answer;

TEST(NanWatch, LowersTheRateAfterThreeBadStepsInARow) {
  NanWatch watch;
  EXPECT_EQ(watch.look(0, 1), Answer::kNothing);
  EXPECT_EQ(watch.look(1, 1), Answer::kUndone);
  EXPECT_EQ(watch.look(1, 1), Answer::kUndone);
  EXPECT_EQ(watch.state().rate_factor, 1);
  EXPECT_EQ(watch.look(1, 1), Answer::kRateLowered);
  EXPECT_EQ(watch.state().rate_factor, 0.5);
}

TEST(NanWatch, ForgivesABadStepNowAndThen) {
  NanWatch watch;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(watch.look(1, 1), Answer::kUndone);
    EXPECT_EQ(watch.look(1, 1), Answer::kUndone);
    EXPECT_EQ(watch.look(0, 1), Answer::kNothing);
  }
  EXPECT_EQ(watch.state().rate_factor, 1);
}

TEST(NanWatch, GivesUpWhenNoRateIsLowEnough) {
  NanWatch watch;
  int looks = 0;
  while (watch.look(1, 1) != Answer::kGiveUp) ASSERT_LT(++looks, 100);
  EXPECT_EQ(looks, 32);
}

TEST(NanWatch, CountsManyStepsAtOnceWhereTheDeviceIsAskedSeldom) {
  NanWatch watch;
  EXPECT_EQ(watch.look(2, 50), Answer::kUndone);
  EXPECT_EQ(watch.look(0, 50), Answer::kNothing);
  EXPECT_EQ(watch.look(50, 50), Answer::kRateLowered);
}

}  // namespace
}  // namespace solstice
