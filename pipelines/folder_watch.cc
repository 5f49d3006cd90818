#include "pipelines/folder_watch.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "image/codec.h"
#include "pipelines/line_reader.h"

namespace solstice {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_ONLYDIR | IN_EXCL_UNLINK;

bool is_same(const fs::path& a, const fs::path& b) {
  std::error_code code;
  return fs::equivalent(a, b, code) && !code;
}

/// A second name of a file or of a link's target: whole at once, and never closed after writing.
bool is_link(const fs::path& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 && (S_ISLNK(status.st_mode) || status.st_nlink > 1);
}

bool is_below(const fs::path& path, const fs::path& folder) {
  return path == folder || path.string().starts_with(folder.string() + "/");
}

}  // namespace

bool is_being_written(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return false;
  // A lease is refused while there is a writer. Should one come just now, its signal does nothing.
  fcntl(file, F_SETSIG, SIGURG);
  const bool refused = fcntl(file, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
  close(file);
  return refused;
}

FolderWatch::FolderWatch(const std::vector<std::string>& inputs, const fs::path& out,
                         const SelectionOptions& selection)
    : inputs_(inputs),
      out_(out),
      selection_(selection),
      patterns_(selection),
      descriptor_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw Error(ErrorKind::kRun, message("--watch: the system refuses: ", std::strerror(errno)));
  }
  bool clash = false;
  for (const std::string& input : inputs) {
    clash = clash || is_same(input, out);
    if (fs::is_directory(input)) add_folder({input, {}}, Contents::kKnown);
  }
  if (!folders_.empty() && !clash) return;
  close(descriptor_);
  throw Error(ErrorKind::kUsage,
              clash ? "--watch: --out is a folder that is watched; choose another one"
                    : "--watch: no input is a folder that can be watched");
}

FolderWatch::~FolderWatch() { close(descriptor_); }

bool FolderWatch::is_passed_over(const fs::path& path) const {
  const std::string name = path.filename().string();
  if (name.front() == '.' && (!selection_.hidden || name == kStateFolder)) return true;
  return selection_.links == Links::kSkip && is_link(path);
}

void FolderWatch::add_folder(const Folder& folder, Contents contents) {
  if (is_same(folder.path, out_)) return;
  const int watch = inotify_add_watch(descriptor_, folder.path.c_str(), kEvents);
  if (watch < 0) {
    log_warning(message(folder.path.string(), ": cannot be watched: ", std::strerror(errno),
                        errno == ENOSPC ? " (raise fs.inotify.max_user_watches)" : ""));
    return;
  }
  // A folder that is watched already: a link that leads back.
  if (!folders_.emplace(watch, folder).second) return;
  std::error_code code;
  for (fs::directory_iterator it(folder.path, code), end; !code && it != end; it.increment(code)) {
    const Folder entry{it->path(), folder.relative / it->path().filename()};
    std::error_code ignored;
    if (contents == Contents::kNew) {
      look_at(entry);
    } else if (it->is_directory(ignored) && !is_passed_over(it->path())) {
      add_folder(entry, contents);
    }
  }
}

void FolderWatch::forget_folder(const fs::path& path) {
  for (auto it = folders_.begin(); it != folders_.end();) {
    if (is_below(it->second.path, path)) {
      inotify_rm_watch(descriptor_, it->first);
      it = folders_.erase(it);
    } else {
      ++it;
    }
  }
}

/// Takes what has appeared under this name. A file that is still written comes again when closed.
void FolderWatch::look_at(const Folder& entry) {
  const fs::path name = entry.path.filename();
  if (is_passed_over(entry.path)) return;
  std::error_code code;
  const fs::file_type type = fs::status(entry.path, code).type();
  if (type == fs::file_type::directory) {
    add_folder(entry, Contents::kNew);
  } else if (const std::string extension = name.extension();
             type == fs::file_type::regular &&
             (format_of_extension(extension) || !foreign_kind_of_extension(extension).empty()) &&
             patterns_.takes(entry.relative.string()) && !is_being_written(entry.path)) {
    const std::optional<FileStamp> stamp = stamp_of(entry.path);
    if (std::exchange(taken_[entry.path.string()], stamp) == stamp) return;
    found_.push_back({entry.path.string(), entry.relative.string()});
  }
}

void FolderWatch::on_event(int watch, uint32_t mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) return list_again();
  const auto folder = folders_.find(watch);
  if (folder == folders_.end()) return;
  if ((mask & IN_IGNORED) != 0) {
    folders_.erase(folder);
    return;
  }
  const Folder entry{folder->second.path / name, folder->second.relative / name};
  if ((mask & IN_MOVED_FROM) != 0) {
    if ((mask & IN_ISDIR) != 0) forget_folder(entry.path);
    return;
  }
  // What was only just created is still empty, unless it is a folder or a link.
  if ((mask & IN_CREATE) != 0 && (mask & IN_ISDIR) == 0 && !is_link(entry.path)) return;
  look_at(entry);
}

void FolderWatch::list_again() {
  log_warning("--watch: more files came at once than the system told of; looking through all");
  for (const std::string& input : inputs_) {
    if (fs::is_directory(input)) add_folder({input, {}}, Contents::kKnown);
  }
  for (ListedFile& file : list_images(inputs_, out_, selection_).files) {
    if (!is_being_written(file.path)) found_.push_back(std::move(file));
  }
}

void FolderWatch::read_events() {
  alignas(inotify_event) std::array<char, 1 << 16> buffer;
  const ssize_t got = read(descriptor_, buffer.data(), buffer.size());
  for (ssize_t at = 0; at < got;) {
    inotify_event event;
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const char* name = buffer.data() + at + sizeof event;
    on_event(event.wd, event.mask, event.len > 0 ? name : "");
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
}

std::optional<ListedFile> FolderWatch::next(const std::function<bool()>& stop) {
  while (found_.empty()) {
    if (!wait_readable(descriptor_, stop)) return std::nullopt;
    read_events();
  }
  ListedFile file = std::move(found_.front());
  found_.pop_front();
  return file;
}

}  // namespace solstice
