#include "pipelines/report.h"

#include "core/hash.h"
#include "core/options_json.h"

namespace solstice {

using Json = nlohmann::ordered_json;

namespace {

Json failure_rows(const std::vector<FailedFile>& failures) {
  Json rows = Json::array();
  for (const auto& [input, stage, error] : failures) {
    rows.push_back(Json{{"input", input.string()}, {"stage", stage}, {"error", error}});
  }
  return rows;
}

Json warning_rows(const std::vector<FileWarnings>& files) {
  Json rows = Json::array();
  for (const auto& [input, warnings] : files) {
    rows.push_back(Json{{"input", input.string()}, {"warnings", warnings}});
  }
  return rows;
}

}  // namespace

Json make_report(const TranslateOptions& options, const RunRecord& record) {
  const TranslateSummary& summary = record.summary;
  const auto per_second = [&](double amount) {
    return summary.seconds > 0 ? amount / summary.seconds : 0.0;
  };
  TranslateOptions copy = options;

  Json report;
  report["version"] = SOLSTICE_VERSION;
  report["model"] = record.model;
  report["made_by"] = hash_text(record.made_by);
  if (!record.shard.is_whole()) {
    report["shard"] = Json{{"index", record.shard.index}, {"count", record.shard.count}};
  }
  report["inputs"] = options.inputs;
  report["options"] = record.model_options;
  report["options"].update(to_json(fields_of(copy)));
  report["counts"] = Json{{"found", summary.found},
                          {"done", summary.done},
                          {"skipped", summary.skipped},
                          {"failed", summary.failed},
                          {"remaining", summary.remaining}};
  report["stopped"] = summary.stopped;
  if (!record.error.empty()) report["error"] = record.error;
  report["seconds"] = summary.seconds;
  report["images_per_second"] = per_second(static_cast<double>(summary.done));
  report["megapixels_per_second"] = per_second(static_cast<double>(summary.pixels) * 1e-6);
  report["stages"] = Json::array();
  for (const StageTime& stage : record.pipeline.stages) {
    report["stages"].push_back(
        Json{{"name", stage.name}, {"seconds", stage.seconds}, {"busy", stage.busy}});
  }
  report["bottleneck"] = bottleneck(record.pipeline.stages);
  report["peak"] =
      Json{{"items", record.pipeline.peak_items}, {"bytes", record.pipeline.peak_bytes}};
  report["failures"] = failure_rows(record.failures);
  report["warnings"] = warning_rows(record.warnings);
  return report;
}

std::string to_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace solstice
