#include "core/files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <cstring>
#include <fstream>
#include <optional>
#include <set>

#include "core/hash.h"
#include "core/message.h"

namespace solstice {
namespace {

constexpr std::string_view kTemporaryMark = ".tmp.";
constexpr size_t kSpaceDigits = 8;
constexpr auto kForeignLife = std::chrono::hours(1);

std::string reason() { return std::strerror(errno); }

/// Whose a temporary is.
struct Owner {
  std::string_view space;  ///< process_space() of where it was made
  pid_t pid = 0;
};

/// The owner that a temporary's name tells, or nothing for any other name.
std::optional<Owner> owner_of_temporary(std::string_view name) {
  const size_t mark = name.rfind(kTemporaryMark);
  if (name.empty() || name.front() != '.' || mark == std::string_view::npos) return {};
  const std::string_view rest = name.substr(mark + kTemporaryMark.size());
  const size_t first_dot = rest.find('.'), last_dot = rest.rfind('.');
  if (first_dot != kSpaceDigits || last_dot <= first_dot) return {};
  Owner owner{rest.substr(0, first_dot)};
  const auto is_number = [](std::string_view text, auto& number) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    return code == std::errc() && end == text.data() + text.size();
  };
  int serial = 0;
  const bool whole = is_number(rest.substr(first_dot + 1, last_dot - first_dot - 1), owner.pid) &&
                     is_number(rest.substr(last_dot + 1), serial);
  // A negative id would mean a group of processes to kill().
  if (!whole || owner.pid <= 0) return {};
  return owner;
}

/// True for a temporary that nobody writes any more: its process is gone, or it is of a machine
/// whose processes cannot be asked for and has not been written to for an hour.
bool is_stale(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  const std::optional<Owner> owner = owner_of_temporary(name);
  if (!owner) return false;
  if (owner->space == process_space()) return kill(owner->pid, 0) != 0 && errno == ESRCH;
  std::error_code code;
  const auto written = entry.last_write_time(code);
  return !code && written < fs::file_time_type::clock::now() - kForeignLife;
}

/// `.<name>.tmp.<space>.<pid>.<serial>`, the name shortened (between UTF-8 characters) where the
/// whole would be longer than a file system takes.
std::string temporary_name(std::string name, int serial) {
  const std::string ending = message(kTemporaryMark, process_space(), ".", getpid(), ".", serial);
  const size_t room = NAME_MAX - 1 - ending.size();
  if (name.size() > room) {
    size_t end = room;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
    name.resize(end);
  }
  return "." + name + ending;
}

}  // namespace

std::string read_file(const fs::path& path, uint64_t limit, std::string_view option) {
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
                message(path.string(), ": has ", size, " bytes, ",
                        option.empty() ? "the limit is" : message(option, " allows"), " ", limit));
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

void AtomicFile::begin_sync() const {
  // Only a hint: what goes wrong shows in fsync.
  sync_file_range(descriptor_, 0, 0, SYNC_FILE_RANGE_WRITE);
}

void AtomicFile::sync() const {
  if (fsync(descriptor_) != 0) fail("written");
}

void AtomicFile::put_in_place() {
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

const std::string& process_space() {
  static const std::string space = [] {
    char host[HOST_NAME_MAX + 1] = {};
    gethostname(host, HOST_NAME_MAX);
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    struct stat status {};
    if (stat("/proc/self/ns/pid", &status) != 0) status.st_ino = 0;
    return hash_text(hash_bytes(message(host, "\n", boot, "\n", status.st_ino)))
        .substr(0, kSpaceDigits);
  }();
  return space;
}

bool is_temporary_name(std::string_view file_name) {
  return owner_of_temporary(file_name).has_value();
}

int remove_stale_temporaries(const fs::path& directory) {
  int removed = 0;
  std::error_code ignored;
  for (fs::directory_iterator it(directory, ignored), end; it != end; it.increment(ignored)) {
    if (is_stale(*it) && fs::remove(it->path(), ignored)) ++removed;
  }
  return removed;
}

void make_directories(const fs::path& directory) {
  std::error_code code;
  if (fs::is_directory(directory, code)) return;
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

namespace {

/// Beside the program: as installed, or as built.
std::vector<fs::path> shipped_folders() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {program / "../share/solstice", program / "../samples", program / "../../samples"};
}

}  // namespace

fs::path find_shipped(const fs::path& relative) {
  std::error_code ignored;
  for (const fs::path& folder : shipped_folders()) {
    const fs::path file = folder / relative;
    if (fs::is_regular_file(file, ignored)) return file.lexically_normal();
  }
  return {};
}

std::vector<std::string> shipped_names(const fs::path& folder, std::string_view extension) {
  std::set<std::string> names;
  std::error_code ignored;
  for (const fs::path& shipped : shipped_folders()) {
    for (const auto& entry : fs::directory_iterator(shipped / folder, ignored)) {
      if (entry.path().extension() == extension) names.insert(entry.path().stem().string());
    }
  }
  return {names.begin(), names.end()};
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
