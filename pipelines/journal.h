#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace solstice {

/// What tells one content of a file from another without reading it.
struct FileStamp {
  int64_t size = 0;
  int64_t time = 0;  ///< of the last change, in nanoseconds
  bool operator==(const FileStamp&) const = default;
};

/// Nothing when there is no such regular file.
std::optional<FileStamp> stamp_of(const std::filesystem::path& path);

/// What a result was made of.
struct Making {
  FileStamp input;
  FileStamp output;      ///< as it was when done: a result that is another now was made otherwise
  uint64_t made_by = 0;  ///< hash of the model and of the options that show in results
  bool from_within = false;  ///< the input lies within the output folder, too
};

/// By the place of the result below the output folder.
using Makings = std::unordered_map<std::string, Making>;

/// One line of a journal, without its end, and back. Any bytes of a place are kept. A line that is
/// cut off or damaged is nothing.
std::string journal_line(std::string_view place, const Making& making);
std::optional<std::pair<std::string, Making>> parse_journal_line(std::string_view line);

/// What all journals in an output folder know; of several lines for one place the one with the
/// youngest result counts. Damaged lines are passed over, with one warning a journal.
Makings read_journals(const std::filesystem::path& out);

/// Notes in `OUT/.solstice/journal-<name>.jsonl` what each result was made of, one appended line a
/// result, so that a kill costs one line at most and several processes may write at once. Opened
/// when it has grown to more than twice what it need be, it is written anew. Safe from any thread.
class Journal {
 public:
  /// Never throws: a journal that cannot be written costs that later runs do work again.
  Journal(const std::filesystem::path& out, const std::string& name);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void add(std::string_view place, const Making& making);

  /// Why it could not be written; empty when it could.
  std::string problem() const;

 private:
  void open(const std::filesystem::path& path);
  void note_problem(int error);

  std::filesystem::path path_;
  int descriptor_ = -1;
  mutable std::mutex mutex_;
  std::string problem_;
  bool torn_ = false;  ///< the last line may have no end
};

}  // namespace solstice
