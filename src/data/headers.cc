#include "data/headers.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "image/codec.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

/// Enough for the header of nearly every file; more is read only when it was not.
constexpr uintmax_t kStart = 64 * 1024;

std::string read_start(const fs::path& file, uintmax_t bytes) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw Error(ErrorKind::kInput, std::string("cannot be opened: ") + std::strerror(errno));
  }
  std::string start(bytes, '\0');
  in.read(start.data(), static_cast<std::streamsize>(bytes));
  if (in.bad()) throw Error(ErrorKind::kInput, "cannot be read");
  start.resize(static_cast<size_t>(in.gcount()));
  return start;
}

CheckedFile check_file(const fs::path& file) {
  std::error_code reason;
  if (!fs::exists(file, reason)) return {std::nullopt, "does not exist"};
  if (!fs::is_regular_file(file, reason)) return {std::nullopt, "is not a regular file"};
  const uintmax_t size = fs::file_size(file, reason);
  if (reason) return {std::nullopt, "cannot be read: " + reason.message()};
  try {
    try {
      return {read_header(read_start(file, std::min(size, kStart))), ""};
    } catch (const Error&) {
      // Large metadata, or a TIFF directory at the end.
      if (size <= kStart) throw;
      return {read_header(read_start(file, size)), ""};
    }
  } catch (const std::exception& error) {
    return {std::nullopt, error.what()};
  }
}

}  // namespace

std::vector<CheckedFile> check_files(std::span<const fs::path> files) {
  std::vector<CheckedFile> checked(files.size());
  tbb::parallel_for(size_t{0}, files.size(), [&](size_t i) { checked[i] = check_file(files[i]); });
  return checked;
}

}  // namespace solstice
