#include "training/event_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "core/files.h"
#include "core/message.h"
#include "image/codec.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

using testing::TemporaryDirectory;

fs::path only_file(const fs::path& directory) {
  fs::path found;
  for (const auto& entry : fs::directory_iterator(directory)) {
    EXPECT_TRUE(found.empty()) << entry.path();
    found = entry.path();
  }
  return found;
}

uint64_t number_at(const std::string& bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

/// Payloads of a file of records, each checked against its checksums.
std::vector<std::string> payloads_of(const std::string& bytes) {
  const auto masked = [](std::string_view part) {
    const uint32_t crc = crc32c(part);
    return static_cast<uint64_t>(static_cast<uint32_t>((crc >> 15 | crc << 17) + 0xa282ead8u));
  };
  std::vector<std::string> payloads;
  for (size_t at = 0; at < bytes.size();) {
    const uint64_t length = number_at(bytes, at, 8);
    EXPECT_EQ(number_at(bytes, at + 8, 4), masked(bytes.substr(at, 8)));
    payloads.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(number_at(bytes, at + 12 + length, 4), masked(payloads.back()));
    at += 16 + length;
  }
  return payloads;
}

TEST(Crc32c, IsTheStandardsOne) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, appendix B.4
}

TEST(EventFile, WritesTheRecordsOfTheFormat) {
  const TemporaryDirectory directory;
  {
    EventFile events(directory / "new");
    events.add_scalar("G_L1", 300, 0.5f);
    events.restart_at(7);
  }
  const fs::path path = only_file(directory / "new");
  EXPECT_TRUE(path.filename().string().starts_with("events.out.tfevents.1")) << path;
  const auto payloads = payloads_of(read_file(path));
  ASSERT_EQ(payloads.size(), 3u);
  // Each begins with the time: key 0x09 and a double.
  for (const std::string& payload : payloads) EXPECT_EQ(payload.at(0), '\x09');
  EXPECT_EQ(payloads[0].substr(9),
            "\x1a\x0d"
            "brain.Event:2");
  EXPECT_EQ(payloads[1].substr(9), std::string("\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04"
                                               "G_L1"
                                               "\x15\0\0\0\x3f",
                                               18));
  EXPECT_EQ(payloads[2].substr(9), "\x10\x07\x3a\x02\x08\x01");
}

TEST(EventFile, AppearsWithItsFirstRecordAndIsReadableAfterAFlush) {
  const TemporaryDirectory directory;
  EventFile events(directory / "new");
  events.flush();
  EXPECT_FALSE(fs::exists(directory / "new"));
  events.add_scalar("x", 1, 1);
  events.flush();
  EXPECT_EQ(payloads_of(read_file(only_file(directory / "new"))).size(), 2u);
}

TEST(EventFile, KeepsLittleInMemory) {
  const TemporaryDirectory directory;
  EventFile events(directory.path());
  events.add_image("samples", 1, 100, 100, std::string(100000, 'x'));
  EXPECT_GT(fs::file_size(only_file(directory.path())), 100000u);
}

TEST(EventFile, SaysWhichFileCannotBeWritten) {
  const TemporaryDirectory directory;
  write_file_atomically(directory / "taken", "a file");
  EventFile events(directory / "taken");
  EXPECT_TRUE(testing::fails_with("taken: cannot be made", [&] { events.add_scalar("x", 1, 1); }));
}

TEST(EventFile, IsReadByTensorBoardItself) {
  const char* python = std::getenv("SOLSTICE_TEST_PYTHON");
  if (python == nullptr) {
    GTEST_SKIP() << "SOLSTICE_TEST_PYTHON names no Python that has tensorboard";
  }
  const TemporaryDirectory directory;
  const Image image{cv::Mat(2, 3, CV_8UC3, cv::Scalar(200, 100, 50)), {}};
  {
    EventFile events(directory.path());
    events.add_scalar("lr", 1, 2e-4f);
    for (const int step : {1, 2, 3, 4}) {
      events.add_scalar("loss/G_GAN", step, static_cast<float>(step) + 0.5f);
    }
    const std::string png = encode_image(image, {});
    for (const int step : {2, 3}) events.add_image("samples", step, 3, 2, png);
  }
  {
    EventFile events(directory.path());
    events.restart_at(3);
    for (const int step : {3, 4}) {
      events.add_scalar("loss/G_GAN", step, static_cast<float>(10 * step) + 0.5f);
    }
    events.add_scalar("lr", int64_t{1} << 40, std::nanf(""));
  }
  const std::string command =
      message("'", python, "' '" SOLSTICE_SOURCE_DIR "/tests/training/check_events.py' '",
              directory.path().string(), "'");
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace solstice
