#pragma once

#include <tiffio.h>

#include <string>
#include <string_view>

namespace solstice {

/// A TIFF in memory as libtiff reads or writes it; libtiff prints nothing.
class MemoryTiff {
 public:
  /// For reading; `bytes` must outlive it. handle() is null when there is no TIFF in them.
  explicit MemoryTiff(std::string_view bytes);
  /// For writing; `mode` is libtiff's: "wl" or "wb" for the byte order.
  explicit MemoryTiff(const char* mode);
  ~MemoryTiff();
  MemoryTiff(const MemoryTiff&) = delete;
  MemoryTiff& operator=(const MemoryTiff&) = delete;

  TIFF* handle() { return tiff_; }
  /// Ends the writing and gives the file.
  std::string take();

 private:
  static tmsize_t read(thandle_t self, void* to, tmsize_t count);
  static tmsize_t write(thandle_t self, void* from, tmsize_t count);
  static toff_t seek(thandle_t self, toff_t offset, int origin);
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t self);
  void open(const char* mode);

  std::string_view source_;
  std::string written_;
  bool writes_ = false;
  size_t at_ = 0;
  TIFF* tiff_ = nullptr;
};

}  // namespace solstice
