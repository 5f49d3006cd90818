#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "pipelines/journal.h"

namespace solstice {

/// One spelling of a folder, whatever links lead there.
std::filesystem::path spelled_folder(const std::filesystem::path& folder);

/// Where folders lie in the output folder, whatever links lead there. Asking the file system is
/// dear, so the last answer is kept: photos come folder by folder. Safe from any thread.
class PlaceWithin {
 public:
  explicit PlaceWithin(const std::filesystem::path& out);

  /// The folder's place; "." is the output folder itself. Nothing for folders outside it.
  std::optional<std::filesystem::path> of(const std::filesystem::path& folder);

 private:
  const std::filesystem::path out_;
  std::mutex mutex_;
  std::optional<std::filesystem::path> folder_;  ///< that was asked about last
  std::optional<std::filesystem::path> place_;
};

/// Tells results of earlier runs from photos, where both lie in one folder: what a journal of `out`
/// knows as made of a photo in `out`, and what is still as it was written then. Results of photos
/// from elsewhere are not told apart: they are what another run was made to begin with. The
/// journals are read when a folder within `out` is first asked about.
class EarlierResults {
 public:
  explicit EarlierResults(const std::filesystem::path& out) : out_(out), places_(out) {}

  bool has(const std::string& folder, const std::string& name);

 private:
  std::filesystem::path out_;
  PlaceWithin places_;
  std::optional<Makings> makings_;
};

}  // namespace solstice
