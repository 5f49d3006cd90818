#include "training/schedule.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/shared_data.h"

namespace solstice {
namespace {

TEST(LinearSchedule, HoldsThenFallsInEqualPartsWithoutReachingZero) {
  EXPECT_EQ(linear_rate_factor(1, 5, 5), 1);
  EXPECT_EQ(linear_rate_factor(5, 5, 5), 1);
  EXPECT_DOUBLE_EQ(linear_rate_factor(6, 5, 5), 5.0 / 6);
  EXPECT_DOUBLE_EQ(linear_rate_factor(10, 5, 5), 1.0 / 6);
}

TEST(LinearSchedule, EqualsTheReferencesRates) {
  SKIP_WITHOUT_SHARED_DATA("parity/n_lr_schedules/lr.json");
  std::ifstream file(testing::shared_data() / "parity/n_lr_schedules/lr.json");
  const auto fixture = nlohmann::json::parse(file);
  int cases = 0;
  for (const auto& one : fixture.at("cases")) {
    // A resume of ours counts epochs from the first start, as the reference's epoch_count does.
    if (one.at("options").at("lr_policy") != "linear") continue;
    const auto& rates = one.at("lr_during");
    const auto first = one.at("options").at("epoch_count").get<int64_t>();
    for (size_t i = 0; i < rates.size(); ++i) {
      const double ours = 2e-4 * linear_rate_factor(first + static_cast<int64_t>(i), 5, 5);
      EXPECT_NEAR(ours, rates[i].get<double>(), 1e-12) << one.at("name") << " epoch " << i + 1;
    }
    ++cases;
  }
  EXPECT_EQ(cases, 2);
}

}  // namespace
}  // namespace solstice
