#include "inference/buffer_pool.h"

#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <opencv2/core.hpp>

namespace solstice {
namespace {

struct BufferPool : ::testing::Test {
  void SetUp() override { pool_buffers(int64_t{64} << 20); }
  void TearDown() override {
    pool_buffers(0);
    c10::SetCPUAllocator(c10::GetDefaultCPUAllocator());
    cv::Mat::setDefaultAllocator(cv::Mat::getStdAllocator());
  }
};

TEST_F(BufferPool, GivesImagesAndTensorsTheMemoryThatOthersFreed) {
  cv::Mat image(2000, 1500, CV_8UC3, cv::Scalar(1, 2, 3));
  const uchar* place = image.data;
  image.release();
  const cv::Mat next(1500, 2000, CV_8UC3);
  EXPECT_EQ(next.data, place);
  EXPECT_TRUE(next.isContinuous());
  EXPECT_EQ(next.step[0], 6000U);

  at::Tensor tensor = at::empty({1000, 1000});
  const void* memory = tensor.data_ptr();
  tensor.reset();
  EXPECT_EQ(cv::Mat(1000, 1000, CV_32F).data, memory);
}

TEST_F(BufferPool, KeepsWhatImagesHoldUntilTheLastOfThemIsGone) {
  cv::Mat image(1200, 1000, CV_16UC3, cv::Scalar(7, 8, 9));
  const cv::Mat part = image.rowRange(1000, 1200);
  image.release();
  const cv::Mat other(1200, 1000, CV_16UC3, cv::Scalar::all(0));
  EXPECT_NE(other.data, part.datastart);
  EXPECT_EQ(part.at<cv::Vec3w>(199, 999), cv::Vec3w(7, 8, 9));
}

/// Bytes that malloc has given out.
size_t given_out() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST_F(BufferPool, KeepsNothingThatWouldBeTooMuchTogetherWithWhatIsInUse) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer's malloc does not count what it has given out";
#endif
  const int64_t megabyte = 1 << 20;
  pool_buffers(64 * megabyte, 48 * megabyte);
  const size_t before = given_out();
  at::empty({20 * megabyte / 4}).reset();
  EXPECT_GT(given_out() - before, size_t{19} << 20) << "what was freed is kept";
  const at::Tensor large = at::empty({40 * megabyte / 4});
  EXPECT_LT(given_out() - before, size_t{45} << 20) << "but not beside this one";
}

TEST_F(BufferPool, LeavesMemoryOfTheUsersAlone) {
  std::vector<uchar> mine(2 << 20, 5);
  {
    cv::Mat view(1024, 2048, CV_8U, mine.data());
    view.setTo(6);
  }
  EXPECT_EQ(mine[100], 6);
  EXPECT_NE(cv::Mat(1024, 2048, CV_8U).data, mine.data());
}

}  // namespace
}  // namespace solstice
