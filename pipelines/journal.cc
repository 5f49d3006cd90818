#include "pipelines/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/message.h"
#include "pipelines/listing.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kLargestJournal = uint64_t{1} << 30;
constexpr size_t kLongestLine = size_t{1} << 16;
constexpr off_t kWorthCompacting = off_t{1} << 20;
constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kEnding = ".jsonl";

/// JSON knows no bytes that are no UTF-8, names do: everything but plain ASCII as %XX.
std::string escaped(std::string_view place) {
  std::string text;
  for (const char c : place) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%' && c != '"' && c != '\\') {
      text += c;
    } else {
      text += '%' + to_hex({&byte, 1});
    }
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string place;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      place += text[i];
      continue;
    }
    unsigned char byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, code] = std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    if (code != std::errc() || end != text.data() + i + 3) return std::nullopt;
    place += static_cast<char>(byte);
    i += 2;
  }
  return place;
}

Json to_json(const FileStamp& stamp) { return Json::array({stamp.size, stamp.time}); }

std::optional<FileStamp> read_stamp(const Json& object, const char* key) {
  const auto found = object.find(key);
  const bool fits = found != object.end() && found->is_array() && found->size() == 2 &&
                    (*found)[0].is_number_integer() && (*found)[1].is_number_integer();
  if (!fits) return std::nullopt;
  return FileStamp{(*found)[0].get<int64_t>(), (*found)[1].get<int64_t>()};
}

/// The first line of a journal: what its lines took when it was last written anew.
std::string header_line(size_t bytes) {
  return Json{{"solstice_journal", 1}, {"bytes", bytes}}.dump() + "\n";
}

bool is_header(std::string_view line) { return line.starts_with("{\"solstice_journal\""); }

void add_lines(std::string_view text, const fs::path& path, Makings& makings) {
  int64_t damaged = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || is_header(line)) continue;
    auto made = parse_journal_line(line);
    if (!made) {
      ++damaged;
    } else if (const auto [known, is_new] =
                   makings.try_emplace(std::move(made->first), made->second);
               !is_new && known->second.output.time <= made->second.output.time) {
      known->second = made->second;
    }
  }
  if (damaged > 0) {
    log_warning(message(path.string(), ": ", damaged, " damaged lines are passed over; what they ",
                        "told of is done again"));
  }
}

void read_journal(const fs::path& path, Makings& makings) {
  try {
    add_lines(read_file(path, kLargestJournal), path, makings);
  } catch (const Error& error) {
    log_warning(message(error.what(), "; the results it tells of are done again"));
  }
}

/// What header_line() said, or 0.
off_t bytes_when_compacted(int descriptor) {
  char start[128] = {};
  const ssize_t got = pread(descriptor, start, sizeof start, 0);
  const std::string_view text(start, static_cast<size_t>(std::max<ssize_t>(got, 0)));
  if (!is_header(text)) return 0;
  const Json header = Json::parse(text.substr(0, text.find('\n')), nullptr, false);
  const auto bytes = header.is_object() ? header.find("bytes") : header.end();
  if (bytes == header.end() || !bytes->is_number_integer()) return 0;
  return std::clamp<off_t>(bytes->get<off_t>(), 0, off_t{kLargestJournal});
}

void compact(const fs::path& path) {
  Makings makings;
  read_journal(path, makings);
  std::string lines;
  for (const auto& [place, making] : makings) lines += journal_line(place, making) + "\n";
  write_file_atomically(path, header_line(lines.size()) + lines);
}

bool is_at(int descriptor, const fs::path& path) {
  struct stat open_one {
  }, there{};
  return fstat(descriptor, &open_one) == 0 && stat(path.c_str(), &there) == 0 &&
         open_one.st_ino == there.st_ino && open_one.st_dev == there.st_dev;
}

}  // namespace

std::optional<FileStamp> stamp_of(const fs::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return FileStamp{status.st_size,
                   int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::string journal_line(std::string_view place, const Making& making) {
  Json line{{"place", escaped(place)},
            {"input", to_json(making.input)},
            {"output", to_json(making.output)},
            {"made_by", hash_text(making.made_by)}};
  if (making.from_within) line["from_within"] = true;
  return line.dump();
}

std::optional<std::pair<std::string, Making>> parse_journal_line(std::string_view line) {
  if (line.size() > kLongestLine) return std::nullopt;
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  const auto text_of = [&](const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::optional<std::string> place = unescaped(text_of("place"));
  const std::optional<FileStamp> input = read_stamp(object, "input");
  const std::optional<FileStamp> output = read_stamp(object, "output");
  const std::string made_by = text_of("made_by");
  if (!place || place->empty() || !input || !output || made_by.size() != 16) return std::nullopt;
  const auto within = object.find("from_within");
  Making making{*input, *output, 0, within != object.end() && *within == true};
  const char* end = made_by.data() + made_by.size();
  const auto [stop, code] = std::from_chars(made_by.data(), end, making.made_by, 16);
  if (code != std::errc() || stop != end) return std::nullopt;
  return std::pair(*place, making);
}

Makings read_journals(const fs::path& out) {
  Makings makings;
  std::error_code ignored;
  for (fs::directory_iterator it(out / kStateFolder, ignored), end; it != end;
       it.increment(ignored)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kEnding)) read_journal(it->path(), makings);
  }
  return makings;
}

Journal::Journal(const fs::path& out, const std::string& name) {
  try {
    make_directories(out / kStateFolder);
    open(out / kStateFolder / message(kPrefix, name, kEnding));
  } catch (const std::exception& error) {
    problem_ = error.what();
  }
}

Journal::~Journal() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Journal::note_problem(int error) {
  if (problem_.empty()) {
    problem_ = message(path_.string(), ": cannot be written: ", std::strerror(error));
  }
}

/// Who writes holds the file's lock with others, who writes it anew holds it alone. A file system
/// without locks is one where journals only grow.
void Journal::open(const fs::path& path) {
  path_ = path;
  constexpr int kMostTries = 10;  // each is another process that wrote it anew just now
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0) return note_problem(errno);
    const off_t size = lseek(descriptor_, 0, SEEK_END);
    const bool has_grown = size > kWorthCompacting + 2 * bytes_when_compacted(descriptor_);
    const bool alone = has_grown && flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
    if (alone && is_at(descriptor_, path)) compact(path);
    const bool locked = flock(descriptor_, LOCK_SH) == 0;
    if (!locked || is_at(descriptor_, path)) break;
  }
  char last = '\n';
  const off_t size = lseek(descriptor_, 0, SEEK_END);
  if (size > 0 && pread(descriptor_, &last, 1, size - 1) == 1) torn_ = last != '\n';
}

void Journal::add(std::string_view place, const Making& making) {
  const std::string line = journal_line(place, making) + "\n";
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0 || !problem_.empty()) return;
  const std::string bytes = (torn_ ? "\n" : "") + line;
  torn_ = false;
  // One write: between processes, O_APPEND keeps lines whole.
  ssize_t put = -1;
  do {
    put = ::write(descriptor_, bytes.data(), bytes.size());
  } while (put < 0 && errno == EINTR);
  if (put != static_cast<ssize_t>(bytes.size())) note_problem(put < 0 ? errno : ENOSPC);
}

std::string Journal::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace solstice
