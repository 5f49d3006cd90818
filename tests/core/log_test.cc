#include "core/log.h"

#include <gtest/gtest.h>

#include "core/stop.h"

namespace solstice {
namespace {

TEST(Printable, ShowsControlCharactersAndKeepsUtf8) {
  EXPECT_EQ(printable("a\x1b[2Jb\r"), "a\\x1b[2Jb\\x0d");
  EXPECT_EQ(printable("caf\xc3\xa9\n"), "caf\xc3\xa9\\x0a");
}

TEST(FormatDuration, ChoosesTheUnit) {
  EXPECT_EQ(format_duration(0.84), "0.8 s");
  EXPECT_EQ(format_duration(80), "1 min 20 s");
  EXPECT_EQ(format_duration(3 * 3600 + 5 * 60 + 1), "3 h 05 min");
  EXPECT_EQ(format_duration(59.96), "1 min 00 s");
  EXPECT_EQ(format_duration(-1), "?");
  EXPECT_EQ(format_duration(1e300), "?");
}

TEST(Log, WritesWarningsToStderrEvenWhenQuiet) {
  ::testing::internal::CaptureStderr();
  set_log_level(LogLevel::kQuiet);
  log_info("not shown");
  log_warning("shown");
  set_log_level(LogLevel::kNormal);
  log_info("now shown");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "warning: shown\nnow shown\n");
}

TEST(Stop, RemembersTheSignalUntilItIsTakenBack) {
  EXPECT_EQ(stop_signal(), 0);
  request_stop(15);
  EXPECT_EQ(stop_signal(), 15);
  request_stop(0);
  EXPECT_EQ(stop_signal(), 0);
}

}  // namespace
}  // namespace solstice
