#include "pipelines/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "image/codec.h"
#include "pipelines/earlier_results.h"

namespace solstice {
namespace {

/// What makes two paths the same folder, whatever links led to it.
using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity(status.st_dev, status.st_ino);
}

enum class EntryKind { kFile, kFolder, kOther, kBroken, kUnknown };

struct Entry {
  std::string name;
  EntryKind kind;
  bool is_link = false;
  int error = 0;  ///< why the kind is unknown
};

EntryKind kind_of_mode(mode_t mode) {
  return S_ISREG(mode) ? EntryKind::kFile : S_ISDIR(mode) ? EntryKind::kFolder : EntryKind::kOther;
}

/// Where the directory itself tells what an entry is, no file is looked at: on a network that
/// would be most of the time of a large listing.
Entry entry_of(const dirent& found, int folder) {
  Entry entry{found.d_name, EntryKind::kOther, found.d_type == DT_LNK, 0};
  struct stat status {};
  if (found.d_type == DT_UNKNOWN &&
      fstatat(folder, found.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
    entry.is_link = S_ISLNK(status.st_mode);
    entry.kind = kind_of_mode(status.st_mode);
  } else if (found.d_type == DT_REG) {
    entry.kind = EntryKind::kFile;
  } else if (found.d_type == DT_DIR) {
    entry.kind = EntryKind::kFolder;
  }
  if (entry.is_link) {
    const bool seen = fstatat(folder, found.d_name, &status, 0) == 0;
    entry.error = seen ? 0 : errno;
    entry.kind = seen                    ? kind_of_mode(status.st_mode)
                 : entry.error == ENOENT ? EntryKind::kBroken
                                         : EntryKind::kUnknown;
  }
  return entry;
}

std::string joined(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

/// As fs::path::extension(), without making a path of each of very many names.
std::string_view extension_in(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == 0 || dot == std::string_view::npos ? "" : name.substr(dot);
}

class Lister {
 public:
  Lister(const std::vector<std::string>& inputs, const fs::path& out,
         const SelectionOptions& options)
      : options_(options),
        selection_(options),
        out_(identity_of(out.string())),
        earlier_(out),
        may_repeat_(inputs.size() > 1 || !options.files_from.empty()) {}

  void add(const std::string& input);
  void add_named(const std::vector<std::string>& names, const std::string& root);
  Listing take() { return std::move(listing_); }

 private:
  void add_file(std::string path, std::string relative);
  void add_folder(const std::string& folder, const std::string& relative);
  void add_entry(const Entry& entry, const std::string& folder, const std::string& relative);
  std::vector<Entry> entries_of(const std::string& folder);
  void add_problem(const std::string& path, int error);

  const SelectionOptions& options_;
  const Selection selection_;
  const std::optional<Identity> out_;
  EarlierResults earlier_;
  const bool may_repeat_;
  std::vector<Identity> above_;  ///< the folders between an input and where we are
  std::unordered_set<std::string> seen_;
  Listing listing_;
};

void Lister::add(const std::string& input) {
  struct stat status {};
  if (stat(input.c_str(), &status) != 0) {
    throw Error(ErrorKind::kInput, message(input, ": ", std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode)) {
    add_folder(input, {});
  } else {
    add_file(input, fs::path(input).filename().string());
  }
}

void Lister::add_named(const std::vector<std::string>& names, const std::string& root) {
  fs::path base = root.empty() ? fs::current_path() : fs::absolute(root).lexically_normal();
  if (!base.has_filename()) base = base.parent_path();
  for (const std::string& name : names) {
    const fs::path path(name);
    const std::string opened = path.is_absolute() ? name : joined(root, name);
    fs::path place = path.is_absolute() ? path.lexically_normal().lexically_relative(base)
                                        : path.lexically_normal();
    if (place.empty() || *place.begin() == "..") place = path.lexically_normal().filename();
    if (place.filename().empty() || place == "." || place == "..") {
      listing_.problems.push_back({opened, "is no file"});
    } else {
      add_file(opened, place.string());
    }
  }
}

void Lister::add_file(std::string path, std::string relative) {
  if (!selection_.takes(relative)) return;
  if (may_repeat_) {
    const std::string key = fs::path(path).lexically_normal().string() + '\0' + relative;
    if (!seen_.insert(key).second) return;
  }
  listing_.files.push_back({std::move(path), std::move(relative)});
}

void Lister::add_problem(const std::string& path, int error) {
  listing_.problems.push_back({path, message("cannot be read: ", std::strerror(error))});
}

std::vector<Entry> Lister::entries_of(const std::string& folder) {
  std::vector<Entry> entries;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(folder.c_str()), closedir);
  if (!stream) {
    add_problem(folder, errno);
    return entries;
  }
  for (errno = 0; const dirent* found = readdir(stream.get()); errno = 0) {
    const std::string_view name = found->d_name;
    if (name == "." || name == "..") continue;
    const bool never = name == kStateFolder || is_temporary_name(name);
    if (name.front() == '.' && (never || !options_.hidden)) continue;
    Entry entry = entry_of(*found, dirfd(stream.get()));
    if (!entry.is_link || options_.links == Links::kFollow) entries.push_back(std::move(entry));
  }
  if (errno != 0) add_problem(folder, errno);
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

void Lister::add_folder(const std::string& folder, const std::string& relative) {
  const std::optional<Identity> identity = identity_of(folder);
  // The output folder may be the input folder itself, but below it, it holds results.
  if (identity && identity == out_ && !relative.empty()) return;
  if (identity && std::find(above_.begin(), above_.end(), *identity) != above_.end()) return;
  above_.push_back(identity.value_or(Identity()));
  for (const Entry& entry : entries_of(folder)) add_entry(entry, folder, relative);
  above_.pop_back();
}

void Lister::add_entry(const Entry& entry, const std::string& folder, const std::string& relative) {
  if (entry.kind == EntryKind::kFolder) {
    add_folder(joined(folder, entry.name), joined(relative, entry.name));
  } else if (entry.kind == EntryKind::kOther) {
    return;
  } else if (format_of_extension(extension_in(entry.name))) {
    std::string path = joined(folder, entry.name), place = joined(relative, entry.name);
    if (earlier_.has(folder, entry.name)) {
      listing_.results.push_back({std::move(path), std::move(place)});
      return;
    }
    // A broken link or a file that may not be looked at fails when it is opened, and is counted.
    add_file(std::move(path), std::move(place));
  } else if (const std::string_view kind = foreign_kind_of_extension(extension_in(entry.name));
             !kind.empty()) {
    // Passing it over in silence would lose it; as a file of the run its result's name could be in
    // the way of another's.
    if (!selection_.takes(joined(relative, entry.name))) return;
    listing_.problems.push_back(
        {joined(folder, entry.name),
         message("is ", kind, ", which is not supported; convert it first, or --exclude it")});
  } else if (entry.kind == EntryKind::kUnknown) {
    add_problem(joined(folder, entry.name), entry.error);
  }
}

}  // namespace

Listing list_images(const std::vector<std::string>& inputs, const fs::path& out,
                    const SelectionOptions& selection) {
  Lister lister(inputs, out, selection);
  if (selection.files_from.empty()) {
    for (const std::string& input : inputs) lister.add(input);
  } else if (inputs.size() <= 1 && (inputs.empty() || fs::is_directory(inputs[0]))) {
    lister.add_named(read_names(selection.files_from), inputs.empty() ? "" : inputs[0]);
  } else {
    throw Error(ErrorKind::kUsage, message("--files-from: found beside ", join(inputs),
                                           ", expected no input or the one folder that its paths "
                                           "are relative to"));
  }
  return lister.take();
}

}  // namespace solstice
