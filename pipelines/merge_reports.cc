#include "pipelines/merge_reports.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "core/json_text.h"
#include "core/message.h"
#include "pipelines/outputs.h"
#include "pipelines/report.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;
constexpr uint64_t kLargestReport = uint64_t{1} << 30;
constexpr std::array kCounts{"found", "done", "skipped", "failed", "remaining"};

/// Reports come from files, so that a key may be absent or of another kind: then `otherwise`.
template <class T>
T value_at(const Json& object, const char* key, const T& otherwise) {
  if (!object.is_object()) return otherwise;
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->template get<T>() : otherwise;
  } else if constexpr (std::is_same_v<T, bool>) {
    return found->is_boolean() ? found->template get<T>() : otherwise;
  } else if constexpr (std::is_same_v<T, int64_t>) {
    constexpr int64_t kMost = int64_t{1} << 53;  // sums of them must not overflow
    return found->is_number_integer() ? std::clamp<int64_t>(found->template get<T>(), 0, kMost)
                                      : otherwise;
  } else {
    return found->is_number() ? found->template get<T>() : otherwise;
  }
}

const Json& part(const Json& object, const char* key) {
  static const Json nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

class Merger {
 public:
  explicit Merger(const std::vector<NamedReport>& reports) : reports_(reports) {}
  MergedReport merge();

 private:
  Json shards();
  Json counts();
  Json stages();
  Json rows(const char* key) const;
  void add_run_times(Json& report) const;
  void compare(const NamedReport& other);
  void note(const std::string& problem) { merged_.problems.push_back(problem); }

  const std::vector<NamedReport>& reports_;
  MergedReport merged_;
};

std::string text_of(const std::vector<int64_t>& numbers) {
  std::vector<std::string> words;
  for (const int64_t number : numbers) words.push_back(std::to_string(number));
  return join(words);
}

Json Merger::shards() {
  std::map<int64_t, int64_t> times;
  int64_t count = 0;
  for (const NamedReport& one : reports_) {
    const Json& shard = part(one.report, "shard");
    const auto its_count = value_at<int64_t>(shard, "count", 1);
    if (count == 0) count = its_count;
    if (its_count != count) {
      note(message(one.file, ": is one of ", its_count, " shards, the others of ", count));
    }
    ++times[value_at<int64_t>(shard, "index", 0)];
  }
  // A count is what a file says: only as many shards as there are files can be told apart.
  std::vector<int64_t> indices, missing, doubled;
  for (const auto& [index, number] : times) {
    indices.push_back(index);
    if (number > 1) doubled.push_back(index);
  }
  constexpr size_t kMostNamed = 1000;
  for (int64_t index = 0; index < count && missing.size() < kMostNamed; ++index) {
    if (times.count(index) == 0) missing.push_back(index);
  }
  if (!missing.empty()) {
    note(message("missing of ", count, " shards: ", text_of(missing),
                 missing.size() == kMostNamed ? ", ..." : ""));
  }
  if (!doubled.empty()) note(message("there twice: shards ", text_of(doubled)));
  return {{"count", count}, {"merged", indices}, {"missing", missing}, {"doubled", doubled}};
}

Json Merger::counts() {
  Json sums;
  for (const char* key : kCounts) {
    int64_t sum = 0;
    for (const NamedReport& one : reports_) {
      sum += value_at<int64_t>(part(one.report, "counts"), key, 0);
    }
    sums[key] = sum;
  }
  merged_.failed = sums["failed"];
  merged_.remaining = sums["remaining"];
  return sums;
}

Json Merger::stages() {
  std::vector<StageTime> sums;
  double seconds = 0;
  for (const NamedReport& one : reports_) {
    const auto its_seconds = value_at<double>(one.report, "seconds", 0);
    seconds += its_seconds;
    for (const Json& stage : part(one.report, "stages")) {
      const auto name = value_at<std::string>(stage, "name", "");
      auto sum = std::find_if(sums.begin(), sums.end(),
                              [&](const StageTime& time) { return time.name == name; });
      if (sum == sums.end()) sum = sums.insert(sums.end(), {name, 0, 0});
      sum->seconds += value_at<double>(stage, "seconds", 0);
      sum->busy += value_at<double>(stage, "busy", 0) * its_seconds;
    }
  }
  Json stages = Json::array();
  for (StageTime& sum : sums) {
    if (seconds > 0) sum.busy /= seconds;
    stages.push_back(Json{{"name", sum.name}, {"seconds", sum.seconds}, {"busy", sum.busy}});
  }
  merged_.report["bottleneck"] = bottleneck(sums);
  return stages;
}

/// Of all reports, one after the other.
Json Merger::rows(const char* key) const {
  Json all = Json::array();
  for (const NamedReport& one : reports_) {
    for (const Json& row : part(one.report, key)) all.push_back(row);
  }
  return all;
}

void Merger::add_run_times(Json& report) const {
  Json errors = Json::array();
  bool stopped = false;
  double longest = 0, sum = 0, megapixels = 0;
  int64_t items = 0, bytes = 0;
  for (const NamedReport& one : reports_) {
    stopped = stopped || value_at<bool>(one.report, "stopped", false);
    const auto error = value_at<std::string>(one.report, "error", "");
    if (!error.empty()) errors.push_back(Json{{"file", one.file}, {"error", error}});
    const auto seconds = value_at<double>(one.report, "seconds", 0);
    longest = std::max(longest, seconds);
    sum += seconds;
    megapixels += value_at<double>(one.report, "megapixels_per_second", 0) * seconds;
    items = std::max(items, value_at<int64_t>(part(one.report, "peak"), "items", 0));
    bytes = std::max(bytes, value_at<int64_t>(part(one.report, "peak"), "bytes", 0));
  }
  const auto per_second = [&](double amount) { return longest > 0 ? amount / longest : 0.0; };
  report["stopped"] = stopped;
  report["errors"] = errors;
  report["seconds"] = longest;
  report["seconds_sum"] = sum;
  report["images_per_second"] = per_second(report["counts"]["done"].get<double>());
  report["megapixels_per_second"] = per_second(megapixels);
  report["peak"] = Json{{"items", items}, {"bytes", bytes}};
}

/// Names what differs from the first report and shows in results.
void Merger::compare(const NamedReport& other) {
  const NamedReport& first = reports_.front();
  if (value_at<std::string>(other.report, "made_by", "") ==
      value_at<std::string>(first.report, "made_by", "")) {
    return;
  }
  std::vector<std::string> differing;
  const Json& options = part(first.report, "options");
  for (const auto& [key, value] : part(other.report, "options").items()) {
    if (!shows_in_results(key) || !options.is_object() || !options.contains(key)) continue;
    if (options[key] != value) {
      differing.push_back(message("--", key, " ", value.dump(), " (", options[key].dump(), ")"));
    }
  }
  const std::string what =
      differing.empty()
          ? message("another model: ", value_at<std::string>(other.report, "model", "unknown"))
          : "other options: " + join(differing);
  note(message(other.file, ": made otherwise than ", first.file, ", by ", what));
}

MergedReport Merger::merge() {
  Json& report = merged_.report;
  const Json& first = reports_.front().report;
  report["version"] = SOLSTICE_VERSION;
  report["model"] = value_at<std::string>(first, "model", "");
  report["made_by"] = value_at<std::string>(first, "made_by", "");
  report["shards"] = shards();
  report["inputs"] = part(first, "inputs");
  report["counts"] = counts();
  add_run_times(report);
  report["stages"] = stages();
  report["failures"] = rows("failures");
  report["warnings"] = rows("warnings");
  for (const NamedReport& one : reports_) compare(one);
  report["problems"] = merged_.problems;
  return std::move(merged_);
}

}  // namespace

NamedReport parse_report(const std::string& file, std::string_view text) {
  Json report = parse_json<Json>(text);
  if (!report.is_object() || !part(report, "counts").is_object()) {
    throw Error(ErrorKind::kInput,
                message(file, ": is no report; expected what translate --report or --shard wrote"));
  }
  return {file, std::move(report)};
}

NamedReport read_report(const std::string& file) {
  return parse_report(file, read_file(file, kLargestReport));
}

MergedReport merge_reports(const std::vector<NamedReport>& reports) {
  return Merger(reports).merge();
}

}  // namespace solstice
