#include "pipelines/outputs.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/message.h"
#include "image/codec.h"
#include "pipelines/collisions.h"

namespace solstice {
namespace {

namespace fs = std::filesystem;

std::optional<ImageFormat> image_format(OutputFormat format) {
  switch (format) {
    case OutputFormat::kSame:
      return std::nullopt;
    case OutputFormat::kJpeg:
      return ImageFormat::kJpeg;
    case OutputFormat::kPng:
      return ImageFormat::kPng;
    case OutputFormat::kWebp:
      return ImageFormat::kWebp;
    case OutputFormat::kTiff:
      return ImageFormat::kTiff;
    case OutputFormat::kBmp:
      return ImageFormat::kBmp;
  }
  return std::nullopt;
}

/// An option that is not here is taken to show: a result made once too often is no harm.
constexpr std::array<std::string_view, 27> kNotInResults{
    "out",        "existing", "dry-run",    "report",          "gallery",   "memory",
    "jobs",       "json",     "name",       "shard",           "include",   "exclude",
    "files-from", "links",    "limit",      "hidden",          "fail-fast", "watch",
    "serve",      "sidecars", "max-pixels", "parallel-images", "model",     "device",
    "tile",       "batch",    "threads"};

}  // namespace

fs::path output_name(const fs::path& relative, OutputFormat format) {
  const std::optional<ImageFormat> wanted = image_format(format);
  const std::optional<ImageFormat> present = format_of_extension(relative.extension().string());
  if (!wanted || present == wanted) return relative;
  fs::path name = relative;
  if (present) name.replace_extension();
  name += std::string(extension_of(*wanted));
  return name;
}

ImageFormat output_format(const fs::path& output, ImageFormat content) {
  return format_of_extension(output.extension().string()).value_or(content);
}

OutputPlan::OutputPlan(std::vector<ListedFile> files, const TranslateOptions& options,
                       const OutputContext& context)
    : options_(options), context_(context), files_(std::move(files)) {
  if (!options.name.empty()) name_.emplace(options.name);
  const fs::path out(options.out);
  const std::string below = (out / "").string();
  check_collisions(files_.size(), [&](size_t index) -> NamedResult {
    return {files_[index].path, below + place_of(files_[index])};
  });
  std::erase_if(files_,
                [&](const ListedFile& file) { return !context_.shard.takes(file.relative); });
  const auto limit = static_cast<size_t>(options.selection.limit);
  if (limit > 0 && files_.size() > limit) files_.resize(limit);
  files_.shrink_to_fit();
  if (options.existing == Existing::kChanged) makings_ = read_journals(out);
  if (options.existing == Existing::kError) refuse_existing();
}

std::string OutputPlan::place_of(const ListedFile& file) const {
  if (!name_ && options_.format == OutputFormat::kSame) return file.relative;
  const fs::path plain = output_name(file.relative, options_.format);
  if (!name_) return plain.string();
  std::string place = name_->expand({plain.parent_path().string(), plain.stem().string(),
                                     plain.extension().string(), context_.model_name});
  const std::optional<ImageFormat> wanted = image_format(options_.format);
  if (wanted && format_of_extension(fs::path(place).extension().string()) != wanted) {
    throw Error(ErrorKind::kUsage, message("--name ", options_.name, " gives ", place,
                                           ", which is no name for --format ",
                                           name_of(options_.format), "; end it with {ext}"));
  }
  return place;
}

bool OutputPlan::is_up_to_date(const Job& job) const {
  if (options_.existing == Existing::kOverwrite) return false;
  std::error_code code;
  if (!fs::exists(job.output, code) || fs::is_directory(job.output, code)) return false;
  if (options_.existing == Existing::kChanged) {
    const auto known = makings_.find(job.place);
    return known != makings_.end() && known->second.made_by == context_.made_by &&
           stamp_of(job.input) == known->second.input &&
           stamp_of(job.output) == known->second.output;
  }
  if (options_.existing != Existing::kNewer) return true;
  const auto result = fs::last_write_time(job.output, code);
  if (code) return false;
  const auto input = fs::last_write_time(job.input, code);
  return !code && input <= result;
}

Job OutputPlan::operator[](size_t index) const { return planned(files_[index]); }

Job OutputPlan::job_of(const ListedFile& file) const {
  const std::string output = (fs::path(options_.out) / place_of(file)).string();
  check_collisions(1, [&](size_t) -> NamedResult { return {file.path, output}; });
  Job job = planned(file);
  if (job.skip && options_.existing == Existing::kError) {
    throw Error(ErrorKind::kOutput, message(output, " exists"));
  }
  return job;
}

Job OutputPlan::planned(const ListedFile& file) const {
  std::string place = place_of(file);
  Job job{file.path, fs::path(options_.out) / place, false, std::move(place)};
  job.skip = is_up_to_date(job);
  return job;
}

std::set<fs::path> OutputPlan::folders() const {
  std::set<fs::path> folders;
  std::string last = "/";
  for (const ListedFile& file : files_) {
    const std::string place = place_of(file);
    const size_t slash = place.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : place.substr(0, slash);
    if (folder == last) continue;
    folders.insert(fs::path(options_.out) / folder);
    last = folder;
  }
  return folders;
}

void OutputPlan::refuse_existing() const {
  size_t present = 0;
  fs::path first;
  for (size_t i = 0; i < size(); ++i) {
    const Job job = (*this)[i];
    if (job.skip && ++present == 1) first = job.output;
  }
  if (present == 0) return;
  throw Error(ErrorKind::kOutput,
              message(first.string(), " exists",
                      present > 1 ? message(" (and ", present - 1, " more)") : "",
                      "; choose another --out, or --existing skip, overwrite, newer or changed"));
}

void check_writable(const fs::path& folder) {
  make_directories(folder);
  try {
    AtomicFile probe(folder / "probe");
  } catch (const Error& error) {
    const std::string what = error.what();
    throw Error(
        ErrorKind::kOutput,
        message(folder.string(), ": cannot be written: ", what.substr(what.rfind(": ") + 2)));
  }
}

void check_file_writable(const fs::path& file) {
  if (fs::is_directory(file)) {
    throw Error(ErrorKind::kUsage, message(file.string(), ": is a folder; name a file in it"));
  }
  check_writable(fs::absolute(file).parent_path());
}

bool shows_in_results(const std::string& option) {
  return std::find(kNotInResults.begin(), kNotInResults.end(), option) == kNotInResults.end();
}

uint64_t result_hash(const std::string& model_identity, const TranslateOptions& options) {
  TranslateOptions copy = options;
  Hash hash;
  hash.add(model_identity + "\n");
  for (const Field& field : fields_of(copy)) {
    if (shows_in_results(field.name)) hash.add(message(field.name, "=", field.get(), "\n"));
  }
  return hash.value();
}

}  // namespace solstice
