#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipelines/pipeline.h"
#include "pipelines/shard.h"
#include "pipelines/translate.h"

namespace solstice {

/// A file that failed, and why.
struct FailedFile {
  std::filesystem::path input;
  std::string stage;
  std::string error;
};

/// What the result of a file lacks, a line each.
struct FileWarnings {
  std::filesystem::path input;
  std::vector<std::string> warnings;
};

/// What a run leaves behind for its report.
struct RunRecord {
  std::string model;  ///< description of what translated
  nlohmann::ordered_json model_options = nlohmann::ordered_json::object();
  uint64_t made_by = 0;
  Shard shard;
  TranslateSummary summary;
  PipelineResult pipeline;
  std::vector<FailedFile> failures;
  std::vector<FileWarnings> warnings;
  std::string error;  ///< what ended the run early; empty: nothing did
};

/// The report: `version`, `model`, `made_by` (result_hash()), `shard` {index, count}
/// (only of a share), `inputs`, `options` (the model's, then the run's), `counts` {found, done,
/// skipped, failed, remaining}, `stopped`, `error` (only when there is one), `seconds`,
/// `images_per_second`, `megapixels_per_second`, `stages` [{name, seconds, busy}], `bottleneck`
/// (the busiest stage), `peak` {items, bytes} of images in flight, `failures` [{input, stage,
/// error}], `warnings` [{input, warnings}].
nlohmann::ordered_json make_report(const TranslateOptions& options, const RunRecord& record);

/// A JSON text of one line, or of many when `indent` is not negative. File names that are no UTF-8
/// are written with replacement characters.
std::string to_text(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace solstice
