#include "inference/device.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/error.h"

namespace solstice {
namespace {

TEST(Device, RefusesAWordThatIsNoDevice) {
  for (const char* name : {"gpu", "cuda0", "cuda:x", "cpu:1", ""}) {
    EXPECT_THROW(open_device(name), Error) << name;
  }
  EXPECT_EQ(open_device("cpu"), "cpu");
}

TEST(Device, SaysWhatIsMissingForCuda) {
  if (std::filesystem::exists("/dev/nvidiactl")) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_EQ(open_device("auto"), "cpu");
  try {
    open_device("cuda:1");
    FAIL() << "CUDA without a GPU must not open";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kDevice);
    EXPECT_TRUE(std::string(error.what()).starts_with("--device cuda:1: ")) << error.what();
  }
}

}  // namespace
}  // namespace solstice
