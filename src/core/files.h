#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace solstice {

namespace fs = std::filesystem;

/// The bytes of a file. Throws Error(kInput) naming the file when it cannot be opened, is no
/// regular file, or is larger than `limit` bytes, which `option` ("--memory") sets, if one does.
std::string read_file(const fs::path& path, uint64_t limit = uint64_t{1} << 33,
                      std::string_view option = {});

/// A file that appears whole or not at all: bytes go to `.<name>.tmp.<space>.<pid>.<n>` (a
/// long name shortened to fit, process_space() before the process) in the target's own directory,
/// commit() syncs them and renames. Destroyed without commit, it leaves nothing behind. Every
/// failure throws Error(kOutput) naming the target and the reason (no space, no permission).
/// Of many files it is faster to begin all syncs, then to wait for all, then to rename all: a file
/// system's journal writes them down at the price of one.
class AtomicFile {
 public:
  explicit AtomicFile(fs::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void begin_sync() const;
  void sync() const;
  /// Renames; size and time of the file stay.
  void put_in_place();
  void commit() { sync(), put_in_place(); }

  const fs::path& temporary() const { return temporary_; }

 private:
  [[noreturn]] void fail(const char* doing) const;

  fs::path target_;
  fs::path temporary_;
  int descriptor_ = -1;
};

/// True when `error` is AtomicFile's for a file system or a quota that is full: the next file would
/// not fit either.
bool is_disk_full(const Error& error);

/// AtomicFile in one call.
void write_file_atomically(const fs::path& target, std::string_view bytes);

/// True for the names AtomicFile gives to its temporaries.
bool is_temporary_name(std::string_view file_name);

/// Names the machine, its boot and the container, together: among processes of one space an id
/// means one process. Eight hexadecimal digits.
const std::string& process_space();

/// Removes temporaries in `directory` (not below it) that nobody writes any more: of this space
/// those whose process is gone, of another machine or container, which may be at work in the same
/// folder, those not written to for an hour. Returns how many.
int remove_stale_temporaries(const fs::path& directory);

/// mkdir -p; throws Error(kOutput) naming the directory and the reason.
void make_directories(const fs::path& directory);

/// Syncs a directory, so that a rename inside it survives a power cut.
void sync_directory(const fs::path& directory);

/// A file of ours: `relative` in the folder that is installed with the program, or else in samples/
/// of the source tree that it was built in. Empty when there is none.
fs::path find_shipped(const fs::path& relative);

/// The stems of the shipped files in a folder ("recipes") with an extension (".ini"), sorted.
std::vector<std::string> shipped_names(const fs::path& folder, std::string_view extension);

/// Lower-case extension with its dot: ".jpg".
std::string lower_extension(const fs::path& path);

/// Bytes as two hexadecimal digits each.
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace solstice
