#include "pipelines/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "core/stop.h"
#include "pipelines/memory_budget.h"

namespace solstice {
namespace {

struct Number : Item {
  explicit Number(int its_value) : value(its_value) { ++alive; }
  ~Number() override { --alive; }
  int value;
  static inline std::atomic<int> alive{0};
};

std::vector<int> numbers_to(int end) {
  std::vector<int> numbers(static_cast<size_t>(end));
  std::generate(numbers.begin(), numbers.end(), [n = 0]() mutable { return n++; });
  return numbers;
}

struct PipelineTest : ::testing::Test {
  void SetUp() override { request_stop(0); }
  void TearDown() override {
    request_stop(0);
    EXPECT_EQ(Number::alive, 0);
  }

  /// The numbers from 0 up.
  std::function<std::unique_ptr<Item>()> count_to(int end) {
    return [this, end]() -> std::unique_ptr<Item> {
      if (next == end) return nullptr;
      auto number = std::make_unique<Number>(next++);
      number->held_bytes = held;
      number->working_bytes = working;
      return number;
    };
  }
  std::function<void(Item&)> collect() {
    return [this](Item& item) {
      finished.push_back(static_cast<Number&>(item).value);
      if (!item.failure.empty()) failures.push_back(item.failed_stage + ": " + item.failure);
    };
  }
  static Stage number_stage(const char* name, std::function<void(Number&)> work,
                            StageKind kind = StageKind::kParallel) {
    return make_stage<Number>(name, kind, std::move(work));
  }

  /// All but the last, which may have been read and not begun.
  void expect_begun_items_finished() const {
    EXPECT_EQ(finished, numbers_to(static_cast<int>(finished.size())));
    EXPECT_GE(static_cast<int>(finished.size()), next - 1);
  }

  int next = 0;
  int64_t held = 0, working = 0;
  std::vector<int> finished;
  std::vector<std::string> failures;
  PipelineOptions options{"read", 4, 0};
};

/// Work of uneven length, so that items overtake each other.
void work_unevenly(const Number& number) {
  volatile int sink = 0;
  for (int i = 0; i < number.value * 7919 % 101 * 200; ++i) sink = sink + i;
}

TEST_F(PipelineTest, FinishesEveryItemInTheSourcesOrder) {
  std::atomic<int> worked{0};
  const std::vector<Stage> stages{number_stage("a", work_unevenly),
                                  number_stage(
                                      "b", [&](Number&) { ++worked; }, StageKind::kCaller),
                                  number_stage("c", work_unevenly)};
  const PipelineResult result = run_pipeline(options, count_to(1000), stages, collect());
  EXPECT_EQ(finished, numbers_to(1000));
  EXPECT_EQ(worked, 1000);
  EXPECT_FALSE(result.stopped);
}

TEST_F(PipelineTest, RunsWithoutAnItemAndWithOneThread) {
  options.threads = 1;
  run_pipeline(options, count_to(0), {number_stage("a", [](Number&) {})}, collect());
  EXPECT_TRUE(finished.empty());
  run_pipeline(options, count_to(50),
               {number_stage("a", [](Number&) {}), number_stage(
                                                       "b", [](Number&) {}, StageKind::kCaller)},
               collect());
  EXPECT_EQ(finished, numbers_to(50));
}

TEST_F(PipelineTest, WhatAStageThrowsFailsItsItemAlone) {
  std::mutex mutex;
  std::set<int> seen_later;
  const std::vector<Stage> stages{number_stage("decode",
                                               [](Number& number) {
                                                 if (number.value == 3)
                                                   throw std::runtime_error("damaged");
                                                 if (number.value == 5) throw 42;
                                               }),
                                  number_stage(
                                      "infer",
                                      [](Number& number) {
                                        if (number.value == 7) throw std::bad_alloc();
                                      },
                                      StageKind::kCaller),
                                  number_stage("encode", [&](Number& number) {
                                    const std::lock_guard lock(mutex);
                                    seen_later.insert(number.value);
                                  })};
  run_pipeline(options, count_to(10), stages, collect());
  EXPECT_EQ(finished, numbers_to(10));
  EXPECT_EQ(failures,
            (std::vector<std::string>{"decode: damaged", "decode: failed for an unknown reason",
                                      "infer: not enough memory"}));
  EXPECT_EQ(seen_later, (std::set<int>{0, 1, 2, 4, 6, 8, 9}));
}

TEST_F(PipelineTest, ACallersStageRunsOnTheCallingThreadOneAtATime) {
  std::set<std::thread::id> threads;  // no lock: that is the promise
  run_pipeline(
      options, count_to(200),
      {number_stage("a", work_unevenly),
       number_stage(
           "b", [&](Number&) { threads.insert(std::this_thread::get_id()); }, StageKind::kCaller)},
      collect());
  EXPECT_EQ(threads, std::set<std::thread::id>{std::this_thread::get_id()});
}

TEST_F(PipelineTest, StagesOverlap) {
  std::mutex mutex;
  std::condition_variable met;
  int waiting = 0;
  bool both = false;
  const auto meet = [&](Number& number) {
    if (number.value > 1) return;
    std::unique_lock lock(mutex);
    both = ++waiting == 2 || both;
    met.notify_all();
    met.wait_for(lock, std::chrono::seconds(20), [&] { return both; });
  };
  run_pipeline(options, count_to(10), {number_stage("a", meet)}, collect());
  EXPECT_TRUE(both) << "two items were never in a parallel stage at once";
}

TEST_F(PipelineTest, BytesInFlightStayWithinTheLimit) {
  held = 100, working = 50;
  options.memory_bytes = 400;
  std::atomic<int64_t> bytes{0}, most{0};
  const auto source = count_to(500);
  const std::vector<Stage> stages{
      number_stage("grow",
                   [&](Number& number) {
                     const int64_t now = bytes += 100;
                     int64_t before = most;
                     while (before < now && !most.compare_exchange_weak(before, now)) {
                     }
                     work_unevenly(number);
                   }),
      number_stage("free", [&](Number& number) {
        bytes -= 100;
        number.held_bytes = number.working_bytes = 0;
      })};
  const PipelineResult result = run_pipeline(options, source, stages, collect());
  EXPECT_EQ(finished.size(), 500u);
  EXPECT_LE(most, 350);
  EXPECT_LE(result.peak_bytes, 400);
  EXPECT_GE(result.peak_bytes, 150);
}

TEST_F(PipelineTest, AnItemLargerThanTheLimitGoesAlone) {
  held = 1000;
  options.memory_bytes = 10;
  std::atomic<int> inside{0}, most{0};
  run_pipeline(options, count_to(30),
               {number_stage("a",
                             [&](Number& number) {
                               most = std::max<int>(most, ++inside);
                               work_unevenly(number);
                               --inside;
                             })},
               collect());
  EXPECT_EQ(finished, numbers_to(30));
  EXPECT_EQ(most, 1);
}

TEST_F(PipelineTest, TheNumberOfItemsInFlightIsBounded) {
  options.threads = 2;
  const PipelineResult result =
      run_pipeline(options, count_to(2000), {number_stage("a", work_unevenly)}, collect());
  EXPECT_LE(result.peak_items, 6);
  EXPECT_GE(result.peak_items, 1);
}

TEST_F(PipelineTest, ASignalLetsTheItemsInFlightFinishAndNoMoreBegin) {
  const PipelineResult result = run_pipeline(options, count_to(1000),
                                             {number_stage("a",
                                                           [](Number& number) {
                                                             if (number.value == 20) {
                                                               request_stop(2);
                                                             }
                                                           })},
                                             collect());
  EXPECT_TRUE(result.stopped);
  expect_begun_items_finished();
  EXPECT_GT(next, 20);
  EXPECT_LT(next, 40);
}

TEST_F(PipelineTest, ASignalDropsWhatWaitsForACaller) {
  std::atomic<int> worked{0};
  const auto work = [&](Number&) {
    if (++worked == 5) request_stop(2);
  };
  const PipelineResult result = run_pipeline(
      options, count_to(1000),
      {number_stage("a", work_unevenly), number_stage("infer", work, StageKind::kCaller),
       number_stage("b", work_unevenly)},
      collect());
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(worked, 5);
  EXPECT_EQ(finished.size(), 5U);
}

TEST_F(PipelineTest, AnItemThatEndsTheRunLetsNoMoreBegin) {
  const PipelineResult result = run_pipeline(options, count_to(1000),
                                             {number_stage("write",
                                                           [](Number& number) {
                                                             if (number.value < 10) return;
                                                             number.ends_run = true;
                                                             throw std::runtime_error("full");
                                                           })},
                                             collect());
  EXPECT_FALSE(result.stopped);
  expect_begun_items_finished();
  EXPECT_LT(next, 40);
  EXPECT_EQ(failures.at(0), "write: full");
}

TEST_F(PipelineTest, WhatTheSourceThrowsComesOutAfterTheItemsInFlight) {
  const auto numbers = count_to(1000);
  const auto source = [&]() {
    if (next == 25) throw std::runtime_error("broken source");
    return numbers();
  };
  EXPECT_THROW(run_pipeline(options, source, {number_stage("a", work_unevenly)}, collect()),
               std::runtime_error);
  EXPECT_EQ(finished, numbers_to(25));
}

TEST_F(PipelineTest, WhatFinishThrowsComesOutAndEndsTheRun) {
  const auto finish = [&](Item& item) {
    finished.push_back(static_cast<Number&>(item).value);
    if (finished.size() == 5) throw std::runtime_error("broken pipe");
  };
  EXPECT_THROW(run_pipeline(options, count_to(1000), {number_stage("a", work_unevenly)}, finish),
               std::runtime_error);
  EXPECT_LT(next, 100);
}

TEST_F(PipelineTest, ASettledItemPassesTheStagesUntouched) {
  const auto numbers = count_to(20);
  const auto source = [&] {
    std::unique_ptr<Item> item = numbers();
    if (item) item->settled = static_cast<Number&>(*item).value % 2 == 0;
    return item;
  };
  std::atomic<int> worked{0};
  run_pipeline(options, source,
               {number_stage("a", [&](Number&) { ++worked; }),
                number_stage(
                    "b", [&](Number&) { ++worked; }, StageKind::kCaller)},
               collect());
  EXPECT_EQ(finished, numbers_to(20));
  EXPECT_EQ(worked, 20);
}

TEST_F(PipelineTest, SharesACallersStageAmongThreads) {
  options.callers = 3;
  std::atomic<int> prepared{0};
  options.prepare_caller = [&] { ++prepared; };
  std::mutex mutex;
  std::condition_variable changed;
  size_t inside = 0, most = 0;
  const auto work = [&](Number&) {
    std::unique_lock lock(mutex);
    most = std::max(most, ++inside);
    changed.notify_all();
    // The first ones wait for each other, so that the test says nothing about speed.
    changed.wait(lock, [&] { return most == 3; });
    --inside;
  };
  run_pipeline(options, count_to(20), {number_stage("b", work, StageKind::kCaller)}, collect());
  EXPECT_EQ(finished, numbers_to(20));
  EXPECT_EQ(most, 3U);
  EXPECT_EQ(prepared, 2) << "the first caller is the thread that called";
}

TEST_F(PipelineTest, WithoutCallersMoreItemsAreInFlightThanThreadsSoThatSomeMayWaitForTheDisk) {
  options.callers = 0;
  options.threads = 2;
  std::mutex mutex;
  std::condition_variable changed;
  int writing = 0, most_writing = 0;
  const auto write = [&](Number&) {
    std::unique_lock lock(mutex);
    most_writing = std::max(most_writing, ++writing);
    changed.notify_all();
    changed.wait_for(lock, std::chrono::seconds(20), [&] { return most_writing >= 4; });
    --writing;
  };
  const PipelineResult result = run_pipeline(
      options, count_to(500),
      {number_stage("a", work_unevenly), number_stage("b", write, StageKind::kDisk)}, collect());
  EXPECT_EQ(finished, numbers_to(500));
  EXPECT_GE(most_writing, 4);
  for (const StageTime& stage : result.stages) EXPECT_LE(stage.busy, 1) << stage.name;
}

TEST_F(PipelineTest, GivesWaitingItemsTogetherAndAloneWhenThatFails) {
  options.together = 4;
  std::atomic<int> arrived{0};
  size_t largest = 0;
  std::vector<int> alone;
  Stage stage = number_stage(
      "b",
      [&](Number& number) {
        alone.push_back(number.value);
        while (arrived < 4) std::this_thread::yield();  // meanwhile others queue up
        if (number.value == 7) throw std::runtime_error("bad");
      },
      StageKind::kCaller);
  stage.work_together = [&](std::span<Item* const> items) {
    largest = std::max(largest, items.size());
    for (Item* item : items) {
      if (static_cast<Number*>(item)->value == 7) throw std::runtime_error("one of them is bad");
    }
  };
  run_pipeline(options, count_to(20), {number_stage("a", [&](Number&) { ++arrived; }), stage},
               collect());
  EXPECT_EQ(finished, numbers_to(20));
  EXPECT_EQ(failures, (std::vector<std::string>{"b: bad"}));
  EXPECT_LE(largest, 4U);
  EXPECT_EQ(std::count(alone.begin(), alone.end(), 7), 1);
}

TEST_F(PipelineTest, TheLastStageTakesTogetherWhatComesQuickly) {
  for (const int64_t most : {1, 10}) {
    next = 0;
    finished.clear();
    failures.clear();
    options.last_together = most;
    options.memory_bytes = held = 100;  // one item at a time: none may wait for another's share
    std::vector<int> seen;              // no lock: one thread at a time
    size_t largest = 0;
    Stage last = number_stage(
        "sync", [&](Number& number) { seen.push_back(number.value); }, StageKind::kLast);
    last.work_together = [&](std::span<Item* const> items) {
      largest = std::max(largest, items.size());
      for (Item* item : items) {
        seen.push_back(static_cast<Number*>(item)->value);
        if (seen.back() == 500) item->fail("disk is full");
      }
    };
    const auto fail_at_7 = [](Number& number) {
      if (number.value == 7) throw std::runtime_error("bad");
    };
    const PipelineResult result =
        run_pipeline(options, count_to(1000), {number_stage("a", fail_at_7), last}, collect());
    EXPECT_EQ(finished, numbers_to(1000));
    std::vector<int> expected = numbers_to(1000);
    expected.erase(expected.begin() + 7);
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(result.stages.back().name, "sync");
    if (most == 1) {
      EXPECT_EQ(largest, 0U) << "each alone";
    } else {
      EXPECT_GT(largest, 1U);
      EXPECT_LE(largest, 10U);
      // By itself, when nothing came with it, this stage's work does not fail it.
      EXPECT_EQ(failures.front(), "a: bad");
      EXPECT_TRUE(failures.size() == 1 || failures.back() == "sync: disk is full");
    }
  }
}

TEST(MemoryBudget, CountsTheLargestNeedsOfThoseThatWorkAtOnce) {
  for (const auto& [workers, peak] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 30 + 40}, {2, 30 + 40 + 30}, {3, 30 + 40 + 30 + 20}, {9, 120}}) {
    MemoryBudget budget(0, workers);
    for (const int64_t working : {20, 40, 30}) budget.take({10, working});
    EXPECT_EQ(budget.peak_bytes(), peak) << workers << " workers";
  }
}

TEST_F(PipelineTest, NamesTheBusiestStage) {
  const auto long_work = [](Number&) {
    volatile unsigned sink = 0;
    for (unsigned i = 0; i < 2'000'000; ++i) sink = sink + i;
  };
  const PipelineResult result = run_pipeline(options, count_to(20),
                                             {number_stage("decode", [](Number&) {}),
                                              number_stage("infer", long_work, StageKind::kCaller)},
                                             collect());
  ASSERT_EQ(result.stages.size(), 3u);
  EXPECT_EQ(result.stages[0].name, "read");
  EXPECT_EQ(bottleneck(result.stages), "infer");
  EXPECT_GT(result.stages[2].seconds, 0);
  EXPECT_LE(result.stages[2].busy, 1.0);
  EXPECT_EQ(bottleneck({}), "");
}

}  // namespace
}  // namespace solstice
