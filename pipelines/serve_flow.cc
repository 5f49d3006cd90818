#include "pipelines/serve_flow.h"

#include <atomic>
#include <optional>

#include "core/error.h"
#include "core/files.h"
#include "core/json_text.h"
#include "core/message.h"
#include "core/stop.h"
#include "pipelines/journal.h"
#include "pipelines/line_reader.h"
#include "pipelines/outputs.h"
#include "pipelines/photo_run.h"
#include "pipelines/report.h"
#include "pipelines/sidecars.h"

namespace solstice {
namespace {

constexpr size_t kShownOfABadLine = 200;

/// For a request that names its result, which says the type as well.
TranslateOptions with_names_kept(TranslateOptions options) {
  options.format = OutputFormat::kSame;
  options.name.clear();
  return options;
}

class ServeFlow {
 public:
  ServeFlow(const TranslateOptions& options, const ImageModel& model, int requests,
            std::ostream& results)
      : options_(options),
        as_named_(with_names_kept(options)),
        model_(model),
        made_by_(result_hash(model.identity, options)),
        outputs_({}, options_, {model.name, made_by_, {}}),
        named_outputs_({}, as_named_, {model.name, made_by_, {}}),
        lines_(requests, kLongestRequest),
        results_(results) {}

  TranslateSummary run();

 private:
  std::unique_ptr<Item> next();
  Job job_of(const std::string& line) const;
  void finish(Photo& photo);

  const TranslateOptions& options_;
  const TranslateOptions as_named_;
  const ImageModel& model_;
  const uint64_t made_by_;
  const OutputPlan outputs_;
  const OutputPlan named_outputs_;  ///< of requests that name their result
  PlaceWithin places_{options_.out};
  std::optional<Journal> journal_;
  LineReader lines_;
  std::ostream& results_;
  std::atomic<bool> over_{false};
  int64_t found_ = 0;  ///< the source's; the rest is finish()'s
  RunRecord record_;
};

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::kInput, message(what, "; expected the path of an image, or an object ",
                                         R"({"input": PATH, "output": PATH})"));
}

/// A text of the object; empty when it has none of this name.
std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (!found->is_string()) refuse(message("\"", key, "\" is no text"));
  return found->get<std::string>();
}

Job ServeFlow::job_of(const std::string& line) const {
  bool is_named = false;
  ListedFile file{line, fs::path(line).filename().string()};
  if (line.starts_with('{')) {
    const auto object = parse_json<nlohmann::json>(line);
    if (object.is_discarded()) refuse("this is no JSON");
    file.path = text_of(object, "input");
    file.relative = text_of(object, "output");
    if (file.relative.empty()) {
      file.relative = fs::path(file.path).filename().string();
    } else {
      is_named = true;
      const fs::path place = fs::path(file.relative).lexically_normal();
      if (place.is_relative() && *place.begin() == "..") {
        refuse(message("\"output\" ", file.relative, " leads out of --out by .."));
      }
    }
  }
  if (file.path.empty()) refuse("no input is named");
  const std::string both = file.path + file.relative;
  if (both.find('\0') != std::string::npos) refuse("there is a zero byte in it");
  if (!fs::path(file.relative).has_filename()) refuse(message(file.path, " names no file"));
  std::vector<Job> jobs{(is_named ? named_outputs_ : outputs_).job_of(file)};
  if (options_.sidecars) plan_sidecars(jobs, options_.existing);
  return jobs.at(0);
}

std::unique_ptr<Item> ServeFlow::next() {
  std::string line;
  const auto got = lines_.next(line, [this] { return over_ || stop_signal() != 0; });
  if (got == LineReader::Got::kEnd) return nullptr;
  if (line.ends_with('\r')) line.pop_back();
  ++found_;
  std::string failure;
  try {
    if (got == LineReader::Got::kTooLong) {
      refuse(message("the line is longer than ", kLongestRequest, " bytes"));
    }
    return read_photo(job_of(line), options_, model_);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  auto refused = std::make_unique<Photo>(Job{line.substr(0, kShownOfABadLine), {}});
  refused->fail(failure);
  refused->failed_stage = "request";
  return refused;
}

void ServeFlow::finish(Photo& photo) {
  note_outcome(record_, photo);
  over_ = over_ || must_end(options_, record_);
  try {
    write_line(results_, result_line(photo));
  } catch (...) {
    over_ = true;  // nobody reads: wait for no more lines
    throw;
  }
}

TranslateSummary ServeFlow::run() {
  make_directories(options_.out);
  remove_stale_temporaries(options_.out);
  record_.model = model_.description;
  record_.model_options = model_.options;
  record_.made_by = made_by_;
  journal_.emplace(options_.out, "serve");
  const int64_t callers = choose_callers(options_, model_, 0, {});
  record_.pipeline =
      run_photos(options_, model_, callers, Appearance::kAtOnce,
                 {[this] { return next(); },
                  [this](const Photo& photo) { note_written(*journal_, places_, photo, made_by_); },
                  [this](Photo& photo) { finish(photo); }});
  TranslateSummary& summary = record_.summary;
  summary.found = found_;
  sum_up(record_);
  summary.stopped = record_.pipeline.stopped || stop_signal() != 0;
  if (!options_.report.empty()) {
    write_file_atomically(options_.report, to_text(make_report(options_, record_), 2) + "\n");
  }
  if (!record_.error.empty()) throw Error(ErrorKind::kOutput, record_.error);
  return summary;
}

}  // namespace

TranslateSummary run_serve_flow(const TranslateOptions& options, const ImageModel& model,
                                int requests, std::ostream& results) {
  return ServeFlow(options, model, requests, results).run();
}

}  // namespace solstice
