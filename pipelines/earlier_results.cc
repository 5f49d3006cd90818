#include "pipelines/earlier_results.h"

#include <system_error>

#include "core/files.h"

namespace solstice {
namespace {

/// Where `folder` lies below `out`, both spelled; "." for `out` itself, nothing outside it.
std::optional<fs::path> place_within(const fs::path& folder, const fs::path& out) {
  const fs::path place = folder.lexically_relative(out);
  if (place.empty() || *place.begin() == "..") return std::nullopt;
  return place;
}

}  // namespace

fs::path spelled_folder(const fs::path& folder) {
  std::error_code ignored;
  fs::path path = fs::weakly_canonical(fs::absolute(folder.empty() ? "." : folder), ignored);
  return path.has_filename() ? path : path.parent_path();
}

bool is_within(const fs::path& folder, const fs::path& out) {
  return place_within(spelled_folder(folder), spelled_folder(out)).has_value();
}

EarlierResults::EarlierResults(const fs::path& out)
    : out_(out.empty() ? out : spelled_folder(out)) {}

bool EarlierResults::has(const std::string& folder, const std::string& name) {
  if (out_.empty()) return false;
  if (folder != folder_) {
    folder_ = folder;
    const std::optional<fs::path> place = place_within(spelled_folder(folder), out_);
    prefix_.reset();
    if (place) prefix_ = *place == "." ? "" : place->string() + "/";
  }
  if (!prefix_) return false;
  if (!makings_) makings_ = read_journals(out_);
  const auto made = makings_->find(*prefix_ + name);
  return made != makings_->end() && made->second.from_within &&
         stamp_of(fs::path(folder) / name) == made->second.output;
}

}  // namespace solstice
