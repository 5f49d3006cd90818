#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "core/files.h"
#include "pipelines/shard.h"

namespace solstice {

/// What one machine leaves of its share: `OUT/.solstice/shard-3-of-8.json`, its report, and
/// `shard-3-of-8.files.jsonl`, one row a file. Both appear when the share was gone through; an
/// earlier run's are replaced.
class ShardManifest {
 public:
  /// Throws Error(kOutput).
  ShardManifest(const std::filesystem::path& out, const Shard& shard);

  /// Rows go to the disk as they come, so that memory does not grow with their number.
  void add(const nlohmann::ordered_json& row);

  void commit(const nlohmann::ordered_json& report);

 private:
  std::filesystem::path report_path_;
  AtomicFile rows_;
  std::string buffer_;
};

}  // namespace solstice
