#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace solstice {

/// What results lack of their files. The first few of a kind are said with the file's name, the
/// rest are counted: a folder of 10,000 such files would bury everything else.
class WarningTally {
 public:
  void note(const std::filesystem::path& file, const std::vector<std::string>& warnings);
  /// Says how many were not said, and forgets them.
  void finish();

 private:
  std::map<std::string, int64_t> files_;  ///< by what was said
};

}  // namespace solstice
