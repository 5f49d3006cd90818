#include "core/files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>

#include "core/message.h"

namespace solstice {
namespace {

constexpr std::string_view kTemporaryMark = ".tmp.";

std::string reason() { return std::strerror(errno); }

/// The process id inside a temporary's name, or 0.
pid_t owner_of_temporary(std::string_view name) {
  const size_t mark = name.rfind(kTemporaryMark);
  if (name.empty() || name.front() != '.' || mark == std::string_view::npos) return 0;
  const std::string_view rest = name.substr(mark + kTemporaryMark.size());
  pid_t pid = 0;
  int serial = 0;
  const auto [dot, first] = std::from_chars(rest.data(), rest.data() + rest.size(), pid);
  if (first != std::errc() || dot == rest.data() + rest.size() || *dot != '.') return 0;
  const auto [end, second] = std::from_chars(dot + 1, rest.data() + rest.size(), serial);
  const bool whole = second == std::errc() && end == rest.data() + rest.size();
  return whole && pid > 0 ? pid : 0;  // a negative id would mean a group of processes to kill()
}

/// `.<name>.tmp.<pid>.<serial>`, the name shortened (between UTF-8 characters) where the whole
/// would be longer than a file system takes.
std::string temporary_name(std::string name, int serial) {
  const std::string ending = message(kTemporaryMark, getpid(), ".", serial);
  const size_t room = NAME_MAX - 1 - ending.size();
  if (name.size() > room) {
    size_t end = room;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
    name.resize(end);
  }
  return "." + name + ending;
}

}  // namespace

std::string read_file(const fs::path& path, uint64_t limit) {
  // Without O_NONBLOCK a named pipe would be waited for, not refused.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    throw Error(ErrorKind::kInput, message(path.string(), ": cannot be opened: ", reason()));
  }
  struct Closer {
    int descriptor;
    ~Closer() { close(descriptor); }
  } closer{descriptor};
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::kInput,
                message(path.string(), ": is ", S_ISDIR(status.st_mode) ? "a directory" : "special",
                        ", expected a file"));
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > limit) {
    throw Error(ErrorKind::kInput,
                message(path.string(), ": has ", size, " bytes, the limit is ", limit));
  }
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error(ErrorKind::kInput, message(path.string(), ": cannot be read: ", reason()));
    }
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

AtomicFile::AtomicFile(fs::path target) : target_(std::move(target)) {
  static std::atomic<int> serial{0};
  temporary_ =
      target_.parent_path() / temporary_name(target_.filename().string(), serial.fetch_add(1));
  descriptor_ =
      open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) fail("created");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("written");
    done += static_cast<size_t>(put);
  }
}

void AtomicFile::commit() {
  if (fsync(descriptor_) != 0) fail("written");
  const int descriptor = descriptor_;
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail("put in place");
  descriptor_ = -1;
  close(descriptor);
}

void AtomicFile::fail(const char* doing) const {
  throw Error(ErrorKind::kOutput, message(target_.string(), ": cannot be ", doing, ": ", reason()));
}

bool is_disk_full(const Error& error) {
  const std::string_view text = error.what();
  return error.kind() == ErrorKind::kOutput &&
         (text.ends_with(std::strerror(ENOSPC)) || text.ends_with(std::strerror(EDQUOT)));
}

void write_file_atomically(const fs::path& target, std::string_view bytes) {
  AtomicFile file(target);
  file.write(bytes);
  file.commit();
}

bool is_temporary_name(std::string_view file_name) { return owner_of_temporary(file_name) != 0; }

int remove_stale_temporaries(const fs::path& directory) {
  int removed = 0;
  std::error_code ignored;
  for (fs::directory_iterator it(directory, ignored), end; it != end; it.increment(ignored)) {
    const pid_t owner = owner_of_temporary(it->path().filename().string());
    const bool alive = owner != 0 && (owner == getpid() || kill(owner, 0) == 0 || errno != ESRCH);
    if (owner != 0 && !alive && fs::remove(it->path(), ignored)) ++removed;
  }
  return removed;
}

void make_directories(const fs::path& directory) {
  std::error_code code;
  fs::create_directories(directory, code);
  if (!code && !fs::is_directory(directory))
    code = std::make_error_code(std::errc::not_a_directory);
  if (code) {
    throw Error(ErrorKind::kOutput,
                message(directory.string(), ": cannot be made: ", code.message()));
  }
}

void sync_directory(const fs::path& directory) {
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return extension;
}

std::string to_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace solstice
