#include "core/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace solstice {
namespace {

/// Published values: splitmix64 from state 0 begins e220a8397b1dcdaf, 6e789e6aa1b965f4,
/// 06c45d188009454f, f88bb8a8724c81ec; and an Rng without a key is seeded with these four.
TEST(Rng, GivesXoshiro256PlusPlusSeededBySplitmix64) {
  const uint64_t seed[4] = {0xe220a8397b1dcdafULL, 0x6e789e6aa1b965f4ULL, 0x06c45d188009454fULL,
                            0xf88bb8a8724c81ecULL};
  const uint64_t sum = seed[0] + seed[3];
  EXPECT_EQ(Rng({}).next(), (sum << 23 | sum >> 41) + seed[0]);
}

TEST(Rng, NeverChangesItsValues) {
  Rng rng({1, 2, 3});
  const std::vector<uint64_t> found{rng.next(), rng.next(), rng.next()};
  const std::vector<uint64_t> expected{0x49866c4afe18581fULL, 0xf7ea9df3522ec45dULL,
                                       0xa8ccbb8fe957ccb5ULL};
  EXPECT_EQ(found, expected);
}

TEST(Rng, IsAFunctionOfItsWholeKey) {
  EXPECT_EQ(Rng({7, 8}).next(), Rng({7, 8}).next());
  EXPECT_NE(Rng({7, 8}).next(), Rng({8, 7}).next());
  EXPECT_NE(Rng({7}).next(), Rng({7, 0}).next());
  EXPECT_NE(Rng({0}).next(), Rng({0, 0}).next());
}

TEST(Rng, DrawsUniformlyBelowABound) {
  Rng rng({42});
  std::vector<int> counts(6);
  for (int i = 0; i < 60000; ++i) ++counts.at(static_cast<size_t>(rng.below(6)));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
  EXPECT_EQ(rng.below(1), 0);
  EXPECT_LT(rng.below(INT64_MAX), INT64_MAX);
}

TEST(Rng, DrawsRealsInTheirHalfOpenRange) {
  Rng rng({43});
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = rng.uniform(2.0, 4.0);
    ASSERT_GE(value, 2.0);
    ASSERT_LT(value, 4.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 3.0, 0.05);
}

TEST(Rng, TakesChancesByTheirProbability) {
  Rng rng({44});
  int hits = 0;
  for (int i = 0; i < 10000; ++i) {
    hits += rng.chance(0.25) ? 1 : 0;
    EXPECT_FALSE(rng.chance(0.0));
    EXPECT_TRUE(rng.chance(1.0));
  }
  EXPECT_NEAR(hits, 2500, 200);
}

TEST(Rng, ShufflesToAPermutation) {
  std::vector<int> items(100);
  std::iota(items.begin(), items.end(), 0);
  const std::vector<int> sorted = items;
  Rng({45}).shuffle(std::span<int>(items));
  EXPECT_NE(items, sorted);
  std::vector<int> again = sorted;
  Rng({45}).shuffle(std::span<int>(again));
  EXPECT_EQ(items, again);
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items, sorted);
}

}  // namespace
}  // namespace solstice
