#include "training/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"

namespace solstice {
namespace {

constexpr const char* kUnfinished = ".unfinished";

std::string padded(int64_t step) {
  char text[32];
  std::snprintf(text, sizeof text, "%08lld", static_cast<long long>(step));
  return text;
}

/// Steps of the whole checkpoints below `directory`, ascending.
std::vector<fs::path> whole_checkpoints(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename().string();
    const bool number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
    if (number && entry.is_directory(ignored)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    return std::stoll(a.filename().string()) < std::stoll(b.filename().string());
  });
  return found;
}

}  // namespace

RunDirectory::RunDirectory(const std::string& path) : path_(path) {
  make_directories(path_ / "samples");
  make_directories(path_ / "checkpoints");
  const fs::path lock_file = path_ / ".lock";
  lock_ = open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) {
    throw Error(ErrorKind::kOutput,
                message(lock_file.string(), ": cannot be created: ", std::strerror(errno)));
  }
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    close(lock_);
    throw Error(ErrorKind::kUsage, message(path, ": another process is training in this run"));
  }
}

RunDirectory::~RunDirectory() { close(lock_); }

fs::path RunDirectory::sample_file(int64_t step) const {
  return path_ / "samples" / ("step_" + padded(step) + ".png");
}

fs::path RunDirectory::checkpoint_path(int64_t step) const {
  return path_ / "checkpoints" / padded(step);
}

bool RunDirectory::has_run() const { return fs::exists(options_file()); }

std::optional<fs::path> latest_checkpoint(const fs::path& run) {
  const auto whole = whole_checkpoints(run / "checkpoints");
  if (whole.empty()) return std::nullopt;
  return whole.back();
}

fs::path RunDirectory::begin_checkpoint(int64_t step) {
  const fs::path directory = checkpoint_path(step).string() + kUnfinished;
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  make_directories(directory);
  return directory;
}

void RunDirectory::commit_checkpoint(int64_t step, int64_t keep) {
  const fs::path whole = checkpoint_path(step);
  const fs::path unfinished = whole.string() + kUnfinished;
  sync_directory(unfinished);
  std::error_code code;
  fs::remove_all(whole, code);
  fs::rename(unfinished, whole, code);
  if (code) {
    throw Error(ErrorKind::kOutput,
                message(whole.string(), ": cannot be put in place: ", code.message()));
  }
  sync_directory(whole.parent_path());
  auto all = whole_checkpoints(whole.parent_path());
  for (size_t i = 0; i + static_cast<size_t>(keep) < all.size(); ++i) {
    // Renamed first, so that a kill in between leaves no checkpoint that looks whole and is not.
    const fs::path doomed = all[i].string() + kUnfinished;
    fs::rename(all[i], doomed, code);
    fs::remove_all(doomed, code);
  }
}

void RunDirectory::clean(int64_t step) {
  std::error_code ignored;
  remove_stale_temporaries(path_);
  remove_stale_temporaries(path_ / "samples");
  std::vector<fs::path> unfinished;
  for (const auto& entry : fs::directory_iterator(path_ / "checkpoints", ignored)) {
    if (entry.path().extension() == kUnfinished) unfinished.push_back(entry.path());
  }
  for (const fs::path& directory : unfinished) fs::remove_all(directory, ignored);

  const fs::path log = path_ / "log.jsonl";
  if (!fs::exists(log)) return;
  const std::string text = read_file(log);
  std::string kept;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // a line that a kill cut off
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object() || object.value("step", int64_t{0}) > step) continue;
    kept += line + "\n";
  }
  if (kept != text) write_file_atomically(log, kept);
}

void RunDirectory::append_log(const nlohmann::ordered_json& line) {
  const fs::path log = path_ / "log.jsonl";
  const std::string text = line.dump() + "\n";
  const int descriptor = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const bool written = descriptor >= 0 && write(descriptor, text.data(), text.size()) ==
                                              static_cast<ssize_t>(text.size());
  const int reason = errno;
  if (descriptor >= 0) close(descriptor);
  if (!written) {
    throw Error(ErrorKind::kOutput,
                message(log.string(), ": cannot be written: ", std::strerror(reason)));
  }
}

}  // namespace solstice
