#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/journal.h"
#include "pipelines/listing.h"

namespace solstice {

/// Image files that appear in folders and below them, also in folders made later (Linux inotify).
/// A file has appeared when it was closed after writing, moved in, or linked in: never while it
/// grows. What list_images does not take, this does not take either; `out` and what is below it
/// neither. Things are noticed from construction on. Not on network file systems, for what other
/// machines write there.
class FolderWatch {
 public:
  /// Inputs that are no folders are passed over. Throws Error(kUsage) when none is one or one is
  /// `out`, and Error(kRun) when the system refuses.
  FolderWatch(const std::vector<std::string>& inputs, const std::filesystem::path& out,
              const SelectionOptions& selection = {});
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// Waits for the next file; nothing once `stop` says true.
  std::optional<ListedFile> next(const std::function<bool()>& stop);

  size_t folders() const { return folders_.size(); }

 private:
  struct Folder {
    std::filesystem::path path;
    std::filesystem::path relative;
  };
  enum class Contents { kKnown, kNew };

  bool is_passed_over(const std::filesystem::path& path) const;
  void add_folder(const Folder& folder, Contents contents);
  void forget_folder(const std::filesystem::path& path);
  void look_at(const Folder& entry);
  void read_events();
  void on_event(int watch, uint32_t mask, const std::string& name);
  void list_again();

  std::vector<std::string> inputs_;
  std::filesystem::path out_;
  SelectionOptions selection_;
  Selection patterns_;
  int descriptor_;
  std::map<int, Folder> folders_;  ///< by inotify's watch
  std::deque<ListedFile> found_;
  /// Of files that were found: one that is moved in and only then closed is told of twice.
  std::map<std::string, std::optional<FileStamp>> taken_;
};

/// True while a process has the file open for writing. False where the system cannot tell.
bool is_being_written(const std::filesystem::path& path);

}  // namespace solstice
