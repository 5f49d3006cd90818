#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace solstice {

/// A TensorBoard event file, `<directory>/events.out.tfevents.<unix time>.<host>.<pid>.<n>`: what
/// `tensorboard --logdir` shows of a run. Records as TFRecord frames them (length and payload, each
/// with its masked CRC-32C), payloads as tensorflow/core/util/event.proto defines them.
///
/// The file, and the directory, come into being with the first record. Records are gathered in
/// memory until flush() or until they fill 64 KiB; what was not flushed when a process is killed is
/// lost, and a record that a kill cut off is skipped by readers. Not thread-safe. Every failure
/// throws Error(kOutput) naming the file.
class EventFile {
 public:
  explicit EventFile(std::filesystem::path directory);
  /// Flushes; a failure is a warning.
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// One point of the curve `tag` (UTF-8; a '/' groups tags). NaN is shown as such.
  void add_scalar(std::string_view tag, int64_t step, float value);

  /// An RGB picture, encoded as a PNG of `width` x `height` pixels.
  void add_image(std::string_view tag, int64_t step, int width, int height, std::string_view png);

  /// The run goes on from an earlier point and will write `step` again: readers forget what earlier
  /// files of the directory hold from `step` on.
  void restart_at(int64_t step);

  /// Hands everything to the system.
  void flush();

 private:
  void append(int64_t step, std::string_view event_field);
  void append_record(std::string_view payload);
  void open_file();
  void write_out();

  std::filesystem::path directory_;
  std::filesystem::path path_;
  std::string waiting_;
  int descriptor_ = -1;
};

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4).
uint32_t crc32c(std::string_view bytes);

}  // namespace solstice
