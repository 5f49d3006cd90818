#include "pipelines/outputs.h"

#include <optional>
#include <system_error>
#include <unordered_map>

#include "core/error.h"
#include "core/message.h"
#include "image/codec.h"

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

/// One spelling for every path of a file, without following a link in its last part: a result
/// replaces such a link, never what the link points to.
class Spelling {
 public:
  std::string operator()(const fs::path& path) {
    const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const auto [known, is_new] = parents_.try_emplace(parent.string());
    if (is_new) {
      std::error_code ignored;
      known->second = fs::weakly_canonical(fs::absolute(parent), ignored);
    }
    return (known->second / path.filename()).string();
  }

 private:
  std::unordered_map<std::string, fs::path> parents_;
};

std::string and_more(size_t count) {
  return count > 1 ? message(" (and ", count - 1, " more)") : "";
}

/// Throws for the first of the inputs whose result would overwrite another's, or an input.
void check_collisions(const std::vector<Job>& jobs) {
  Spelling spelling;
  std::unordered_map<std::string, const Job*> inputs, outputs;
  for (const Job& job : jobs) inputs.emplace(spelling(job.input), &job);

  size_t shared = 0, overwritten = 0;
  std::string first_shared, first_overwritten;
  for (const Job& job : jobs) {
    const std::string output = spelling(job.output);
    if (const auto [other, is_new] = outputs.emplace(output, &job); !is_new && ++shared == 1) {
      first_shared = message(other->second->input.string(), " and ", job.input.string(),
                             " have the same result ", job.output.string());
    }
    if (inputs.count(output) != 0 && ++overwritten == 1) {
      first_overwritten = message("the result of ", job.input.string(), " would replace the input ",
                                  inputs.at(output)->input.string());
    }
  }
  if (overwritten > 0) {
    throw Error(ErrorKind::kUsage,
                message(first_overwritten, and_more(overwritten), "; choose another --out"));
  }
  if (shared > 0) {
    throw Error(ErrorKind::kUsage, message(first_shared, and_more(shared),
                                           "; choose another --format, or translate them apart"));
  }
}

/// True when the result is there and, for `newer`, not older than its input.
bool is_up_to_date(const Job& job, Existing existing) {
  std::error_code code;
  if (!fs::exists(job.output, code) || fs::is_directory(job.output, code)) return false;
  if (existing != Existing::kNewer) return true;
  const auto result = fs::last_write_time(job.output, code);
  if (code) return false;
  const auto input = fs::last_write_time(job.input, code);
  return !code && input <= result;
}

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

std::vector<Job> plan_outputs(const std::vector<ListedFile>& files,
                              const TranslateOptions& options) {
  std::vector<Job> jobs;
  jobs.reserve(files.size());
  for (const ListedFile& file : files) {
    jobs.push_back({file.path, fs::path(options.out) / output_name(file.relative, options.format)});
  }
  check_collisions(jobs);
  if (options.existing == Existing::kOverwrite) return jobs;

  size_t present = 0;
  const Job* first = nullptr;
  for (Job& job : jobs) {
    job.skip = is_up_to_date(job, options.existing);
    if (job.skip && ++present == 1) first = &job;
  }
  if (options.existing == Existing::kError && first != nullptr) {
    throw Error(ErrorKind::kOutput,
                message(first->output.string(), " exists", and_more(present),
                        "; choose another --out, or --existing skip, overwrite or newer"));
  }
  return jobs;
}

}  // namespace solstice
