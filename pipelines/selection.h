#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "pipelines/glob.h"

namespace solstice {

enum class Links { kFollow, kSkip };
inline constexpr std::array<Name<Links>, 2> kLinksNames{
    {{"follow", Links::kFollow}, {"skip", Links::kSkip}}};
constexpr std::span<const Name<Links>> name_table(Links) { return kLinksNames; }

/// Which files of the inputs are taken.
struct SelectionOptions {
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::string files_from;
  Links links = Links::kFollow;
  bool hidden = false;
  int64_t limit = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("include", self.include, "take only files that match one of these patterns");
    visit("exclude", self.exclude, "leave out files that match one of these patterns");
    visit("files-from", self.files_from,
          "take the files named in this file, one a line or NUL-separated; -: standard input");
    visit("links", self.links, "symbolic links inside folders");
    visit("hidden", self.hidden, "take files and folders whose names begin with a dot, too");
    visit("limit", self.limit, "take at most this many files; 0: all", Range{0, 9e15});
  }
};

/// The patterns of a selection, understood.
class Selection {
 public:
  /// Throws Error(kUsage) for a pattern that is none.
  explicit Selection(const SelectionOptions& options);

  /// True when an `include` matches, or there is none, and no `exclude` does.
  bool takes(std::string_view relative) const;

 private:
  std::vector<Glob> include_, exclude_;
};

/// The paths in the file (`-`: standard input): separated by NUL where there is one, else by lines,
/// whose ending may be CR LF; empty ones are left out. Throws Error(kInput) when it cannot be read
/// or is larger than 1 GiB.
std::vector<std::string> read_names(const std::string& file);

}  // namespace solstice
