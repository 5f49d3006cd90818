#include "image/tiff_memory.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>

namespace solstice {

MemoryTiff::MemoryTiff(std::string_view bytes) : source_(bytes) { open("rm"); }

MemoryTiff::MemoryTiff(const char* mode) : writes_(true) { open(mode); }

MemoryTiff::~MemoryTiff() {
  if (tiff_ != nullptr) TIFFClose(tiff_);
}

void MemoryTiff::open(const char* mode) {
  static std::once_flag once;
  std::call_once(once, [] {
    TIFFSetErrorHandler(nullptr);
    TIFFSetWarningHandler(nullptr);
  });
  tiff_ = TIFFClientOpen("", mode, this, read, write, seek, close, size, nullptr, nullptr);
}

std::string MemoryTiff::take() {
  if (tiff_ != nullptr) TIFFClose(tiff_);
  tiff_ = nullptr;
  return std::move(written_);
}

tmsize_t MemoryTiff::read(thandle_t self, void* to, tmsize_t count) {
  auto* memory = static_cast<MemoryTiff*>(self);
  const std::string_view bytes = memory->writes_ ? memory->written_ : memory->source_;
  const size_t left = memory->at_ < bytes.size() ? bytes.size() - memory->at_ : 0;
  const size_t taken = std::min(left, static_cast<size_t>(std::max<tmsize_t>(count, 0)));
  if (taken > 0) std::memcpy(to, bytes.data() + memory->at_, taken);
  memory->at_ += taken;
  return static_cast<tmsize_t>(taken);
}

tmsize_t MemoryTiff::write(thandle_t self, void* from, tmsize_t count) {
  auto* memory = static_cast<MemoryTiff*>(self);
  if (!memory->writes_ || count < 0) return -1;
  const auto size = static_cast<size_t>(count);
  try {  // an exception must not pass through libtiff
    if (memory->written_.size() < memory->at_ + size) memory->written_.resize(memory->at_ + size);
  } catch (const std::exception&) {
    return -1;
  }
  std::memcpy(memory->written_.data() + memory->at_, from, size);
  memory->at_ += size;
  return count;
}

toff_t MemoryTiff::seek(thandle_t self, toff_t offset, int origin) {
  auto* memory = static_cast<MemoryTiff*>(self);
  if (origin == SEEK_CUR) offset += memory->at_;
  if (origin == SEEK_END) offset += size(self);
  memory->at_ = static_cast<size_t>(offset);
  return offset;
}

toff_t MemoryTiff::size(thandle_t self) {
  const auto* memory = static_cast<MemoryTiff*>(self);
  return memory->writes_ ? memory->written_.size() : memory->source_.size();
}

}  // namespace solstice
