#include "training/schedule.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/shared_data.h"

namespace solstice {
namespace {

TEST(LinearSchedule, HoldsThenFallsInEqualPartsWithoutReachingZero) {
  const ScheduleOptions options{.epochs = 5, .epochs_decay = 5};
  EXPECT_EQ(rate_factor(options, 1), 1);
  EXPECT_EQ(rate_factor(options, 5), 1);
  EXPECT_DOUBLE_EQ(rate_factor(options, 6), 5.0 / 6);
  EXPECT_DOUBLE_EQ(rate_factor(options, 10), 1.0 / 6);
}

TEST(CosineSchedule, FallsOverAllEpochsAndNeverClimbs) {
  const ScheduleOptions options{.epochs = 6, .epochs_decay = 4, .schedule = Schedule::kCosine};
  EXPECT_EQ(rate_factor(options, 1), 1);
  EXPECT_DOUBLE_EQ(rate_factor(options, 6), 0.5);
  for (int64_t epoch = 2; epoch <= 10; ++epoch) {
    EXPECT_LT(rate_factor(options, epoch), rate_factor(options, epoch - 1));
  }
}

TEST(OneCycleSchedule, EqualsTorchs) {
  // torch.optim.lr_scheduler.OneCycleLR(Adam, max_lr=1, total_steps=20), torch 2.11.
  const std::pair<int64_t, double> rates[] = {
      {1, 0.04},           {2, 0.1316718427},   {5, 0.9083281573},    {6, 1},
      {7, 0.987464006235}, {10, 0.81174565395}, {15, 0.283060998209}, {19, 0.0125399937649},
      {20, 4e-06}};
  for (const auto& [step, rate] : rates)
    EXPECT_NEAR(one_cycle_factor(step, 20), rate, 1e-9) << step;
  EXPECT_GT(one_cycle_factor(1, 1), 0);
}

/// The rates of the reference's schedulers, of which ours has these cases' equals.
TEST(Schedules, EqualTheReferencesRates) {
  SKIP_WITHOUT_SHARED_DATA("parity/n_lr_schedules/lr.json");
  std::ifstream file(testing::shared_data() / "parity/n_lr_schedules/lr.json");
  const auto fixture = nlohmann::json::parse(file);
  int compared = 0;
  for (const auto& one : fixture.at("cases")) {
    const auto& given = one.at("options");
    const std::string policy = given.at("lr_policy");
    if (policy == "plateau") continue;  // below
    ScheduleOptions options{.epochs = given.at("n_epochs"),
                            .epochs_decay = given.at("n_epochs_decay"),
                            .decay_every = given.at("lr_decay_iters")};
    options.schedule = value_of<Schedule>("--schedule", policy);
    // Its cosine has a period of n_epochs and climbs again; ours falls over all epochs there are.
    if (policy == "cosine") options.epochs_decay = 0;
    const auto& rates = one.at("lr_during");
    const size_t count = policy == "cosine" ? 5 : rates.size();
    // A resume of ours counts epochs from the first start, as the reference's epoch_count does.
    const auto first = given.at("epoch_count").get<int64_t>();
    for (size_t i = 0; i < count; ++i) {
      const double ours = 2e-4 * rate_factor(options, first + static_cast<int64_t>(i));
      EXPECT_NEAR(ours, rates[i].get<double>(), 1e-12) << one.at("name") << " epoch " << i + 1;
    }
    ++compared;
  }
  EXPECT_EQ(compared, 5);
}

TEST(Plateau, EqualsTheReferencesWhenTheMetricNeverMoves) {
  SKIP_WITHOUT_SHARED_DATA("parity/n_lr_schedules/lr.json");
  std::ifstream file(testing::shared_data() / "parity/n_lr_schedules/lr.json");
  const auto fixture = nlohmann::json::parse(file);
  for (const auto& one : fixture.at("cases")) {
    if (one.at("options").at("lr_policy") != "plateau") continue;
    Plateau plateau(Better::kLower);
    for (const auto& after : one.at("lr_after")) {
      plateau.look(0);
      EXPECT_NEAR(2e-4 * plateau.factor(), after.get<double>(), 1e-12);
    }
    return;
  }
  FAIL() << "the fixture has no plateau";
}

TEST(Plateau, WaitsWhileARealMetricImproves) {
  for (const Better better : {Better::kLower, Better::kHigher}) {
    Plateau plateau(better);
    double metric = 10;
    for (int i = 0; i < 20; ++i) {
      plateau.look(metric);
      metric *= better == Better::kLower ? 0.9 : 1.1;
    }
    EXPECT_EQ(plateau.factor(), 1);
    for (int i = 0; i < 6; ++i) plateau.look(metric * (better == Better::kLower ? 2 : 0.5));
    EXPECT_DOUBLE_EQ(plateau.factor(), 0.2);
    Plateau resumed(better);
    resumed.set_state(plateau.state());
    for (int i = 0; i < 6; ++i) resumed.look(metric * (better == Better::kLower ? 2 : 0.5));
    EXPECT_DOUBLE_EQ(resumed.factor(), 0.04);
  }
}

}  // namespace
}  // namespace solstice
