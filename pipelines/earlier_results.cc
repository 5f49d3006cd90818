#include "pipelines/earlier_results.h"

#include <system_error>

#include "core/files.h"

namespace solstice {

fs::path spelled_folder(const fs::path& folder) {
  std::error_code ignored;
  fs::path path = fs::weakly_canonical(fs::absolute(folder.empty() ? "." : folder), ignored);
  return path.has_filename() ? path : path.parent_path();
}

PlaceWithin::PlaceWithin(const fs::path& out) : out_(out.empty() ? out : spelled_folder(out)) {}

std::optional<fs::path> PlaceWithin::of(const fs::path& folder) {
  if (out_.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (folder_ != folder) {
    folder_ = folder;
    place_ = spelled_folder(folder).lexically_relative(out_);
    if (place_->empty() || *place_->begin() == "..") place_.reset();
  }
  return place_;
}

bool EarlierResults::has(const std::string& folder, const std::string& name) {
  const std::optional<fs::path> place = places_.of(folder);
  if (!place) return false;
  if (!makings_) makings_ = read_journals(out_);
  const auto made = makings_->find(*place == "." ? name : (*place / name).string());
  return made != makings_->end() && made->second.from_within &&
         stamp_of(fs::path(folder) / name) == made->second.output;
}

}  // namespace solstice
