#include "training/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"

namespace solstice {
namespace {

constexpr size_t kMostWaiting = 64 << 10;

/// The wire form of protocol buffers, as far as events need it.
enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

template <class Unsigned>
std::string little_endian(Unsigned value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof value; ++i) {
    bytes += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  }
  return bytes;
}

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>((value & 127) | 128);
  return bytes + static_cast<char>(value);
}

std::string field_key(uint64_t number, WireType type) { return varint(number << 3 | type); }

std::string bytes_field(uint64_t number, std::string_view bytes) {
  return field_key(number, kBytes) + varint(bytes.size()) + std::string(bytes);
}

std::string integer_field(uint64_t number, int64_t value) {
  return field_key(number, kVarint) + varint(static_cast<uint64_t>(value));
}

/// Event.summary with one Summary.Value, whose content is the field `value`.
std::string summary_field(std::string_view tag, std::string_view value) {
  return bytes_field(5, bytes_field(1, bytes_field(1, tag) + std::string(value)));
}

uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return std::rotr(crc, 15) + 0xa282ead8u;
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  std::replace(name.begin(), name.end(), '/', '_');
  return name.data();
}

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
      table[byte] = crc;
    }
    return table;
  }();
  uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 255];
  }
  return ~crc;
}

EventFile::EventFile(std::filesystem::path directory) : directory_(std::move(directory)) {}

EventFile::~EventFile() {
  try {
    flush();
  } catch (const std::exception& error) {
    log_warning(error.what());
  }
  if (descriptor_ >= 0) close(descriptor_);
}

void EventFile::add_scalar(std::string_view tag, int64_t step, float value) {
  append(step, summary_field(
                   tag, field_key(2, kFixed32) + little_endian(std::bit_cast<uint32_t>(value))));
}

void EventFile::add_image(std::string_view tag, int64_t step, int width, int height,
                          std::string_view png) {
  constexpr int64_t kRgb = 3;
  const std::string image = integer_field(1, height) + integer_field(2, width) +
                            integer_field(3, kRgb) + bytes_field(4, png);
  append(step, summary_field(tag, bytes_field(4, image)));
}

void EventFile::restart_at(int64_t step) {
  constexpr int64_t kStart = 1;  // of SessionLog.SessionStatus
  append(step, bytes_field(7, integer_field(1, kStart)));
}

void EventFile::append(int64_t step, std::string_view event_field) {
  const std::string time =
      field_key(1, kFixed64) + little_endian(std::bit_cast<uint64_t>(unix_seconds()));
  if (descriptor_ < 0) {
    open_file();
    append_record(time + bytes_field(3, "brain.Event:2"));
  }
  append_record(time + integer_field(2, step) + std::string(event_field));
  if (waiting_.size() >= kMostWaiting) write_out();
}

void EventFile::append_record(std::string_view payload) {
  const std::string length = little_endian(static_cast<uint64_t>(payload.size()));
  waiting_ += length + little_endian(masked_crc(length));
  waiting_ += payload;
  waiting_ += little_endian(masked_crc(payload));
}

void EventFile::open_file() {
  static std::atomic<int> serial{0};
  make_directories(directory_);
  path_ = directory_ / message("events.out.tfevents.", static_cast<int64_t>(unix_seconds()), ".",
                               host_name(), ".", getpid(), ".", serial.fetch_add(1));
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    throw Error(ErrorKind::kOutput,
                message(path_.string(), ": cannot be created: ", std::strerror(errno)));
  }
}

void EventFile::write_out() {
  // Taken first: after a failure the same records are not tried again, nor half of them repeated.
  const std::string bytes = std::move(waiting_);
  waiting_.clear();
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t put = write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      throw Error(ErrorKind::kOutput,
                  message(path_.string(), ": cannot be written: ", std::strerror(errno)));
    }
    done += static_cast<size_t>(put);
  }
}

void EventFile::flush() {
  if (!waiting_.empty()) write_out();
}

}  // namespace solstice
