#include "pipelines/listing.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "image/codec.h"

namespace solstice {
namespace {

namespace fs = std::filesystem;

/// What makes two paths the same folder, whatever links led to it.
using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const fs::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity(status.st_dev, status.st_ino);
}

class Lister {
 public:
  explicit Lister(const fs::path& out) : out_(identity_of(out)) {}

  void add(const fs::path& input);
  Listing take() { return std::move(listing_); }

 private:
  void add_file(const fs::path& path, const fs::path& relative);
  void add_folder(const fs::path& folder, const fs::path& relative);
  void add_problem(const fs::path& path, const std::error_code& code);

  const std::optional<Identity> out_;
  std::vector<Identity> above_;  ///< the folders between an input and where we are
  std::set<std::pair<std::string, std::string>> seen_;
  Listing listing_;
};

void Lister::add(const fs::path& input) {
  struct stat status {};
  if (stat(input.c_str(), &status) != 0) {
    throw Error(ErrorKind::kInput, message(input.string(), ": ", std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode)) {
    add_folder(input, {});
  } else {
    add_file(input, input.filename());
  }
}

void Lister::add_file(const fs::path& path, const fs::path& relative) {
  if (seen_.emplace(path.lexically_normal().string(), relative.string()).second) {
    listing_.files.push_back({path, relative});
  }
}

void Lister::add_problem(const fs::path& path, const std::error_code& code) {
  listing_.problems.push_back({path, "cannot be read: " + code.message()});
}

void Lister::add_folder(const fs::path& folder, const fs::path& relative) {
  const std::optional<Identity> identity = identity_of(folder);
  // The output folder may be the input folder itself, but below it, it holds results.
  if (identity && identity == out_ && !relative.empty()) return;
  if (identity && std::find(above_.begin(), above_.end(), *identity) != above_.end()) return;

  std::error_code code;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    if (it->path().filename().string().front() != '.') entries.push_back(*it);
  }
  if (code) add_problem(folder, code);
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.path().filename().string() < b.path().filename().string();
  });

  above_.push_back(identity.value_or(Identity()));
  for (const fs::directory_entry& entry : entries) {
    const fs::path name = entry.path().filename();
    const fs::file_type type = entry.status(code).type();
    if (type == fs::file_type::directory) {
      add_folder(entry.path(), relative / name);
    } else if (format_of_extension(name.extension().string())) {
      // A broken link or a file that may not be looked at fails when it is opened, and is counted.
      if (type == fs::file_type::regular || type == fs::file_type::not_found ||
          type == fs::file_type::none) {
        add_file(entry.path(), relative / name);
      }
    } else if (type == fs::file_type::none) {
      add_problem(entry.path(), code);
    }
  }
  above_.pop_back();
}

}  // namespace

Listing list_images(const std::vector<std::string>& inputs, const fs::path& out) {
  Lister lister(out);
  for (const std::string& input : inputs) lister.add(input);
  return lister.take();
}

}  // namespace solstice
