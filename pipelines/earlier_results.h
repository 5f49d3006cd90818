#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "pipelines/journal.h"

namespace solstice {

/// One spelling of a folder, whatever links lead there.
std::filesystem::path spelled_folder(const std::filesystem::path& folder);

/// True when `folder` is `out` or lies below it, whatever links lead there.
bool is_within(const std::filesystem::path& folder, const std::filesystem::path& out);

/// Tells results of earlier runs from photos, where both lie in one folder: what a journal of `out`
/// knows as made of a photo in `out`, and what is still as it was written then. Results of photos
/// from elsewhere are not told apart: they are what another run was made to begin with. The
/// journals are read when a folder within `out` is first asked about.
class EarlierResults {
 public:
  explicit EarlierResults(const std::filesystem::path& out);

  bool has(const std::string& folder, const std::string& name);

 private:
  std::filesystem::path out_;
  std::optional<Makings> makings_;
  std::string folder_;                 ///< that was asked about last
  std::optional<std::string> prefix_;  ///< of its files' places; nothing outside `out`
};

}  // namespace solstice
