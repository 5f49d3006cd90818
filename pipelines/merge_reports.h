#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace solstice {

/// A report that was read, with the name of its file.
struct NamedReport {
  std::string file;
  nlohmann::ordered_json report;
};

/// The report of a file, or of the text of one. Throws Error(kInput) when it is none: no JSON, or
/// without its counts.
NamedReport read_report(const std::string& file);
NamedReport parse_report(const std::string& file, std::string_view text);

/// One report of those of all shards.
struct MergedReport {
  /// `version`, `model`, `made_by`, `shards` {count, merged, missing, doubled}, `inputs`, `counts`
  /// (sums), `stopped` (any was), `errors` [{file, error}], `seconds` (the longest), `seconds_sum`,
  /// `images_per_second` and `megapixels_per_second` (as if all ran side by side), `stages` [{name,
  /// seconds: sum, busy: mean weighted by the runs' seconds}], `bottleneck`, `peak` (the largest),
  /// `failures` and `warnings` (all), `problems` [text].
  nlohmann::ordered_json report;
  /// One sentence each: shards that are missing, doubled or of another count; another model;
  /// options that show in results and differ.
  std::vector<std::string> problems;
  int64_t failed = 0, remaining = 0;
};

/// Reports of whole runs (without a shard) are merged as well: their sums. Of a shard that is there
/// twice both count.
MergedReport merge_reports(const std::vector<NamedReport>& reports);

}  // namespace solstice
