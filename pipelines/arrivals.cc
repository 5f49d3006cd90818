#include "pipelines/arrivals.h"

#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "pipelines/earlier_results.h"
#include "pipelines/sidecars.h"

namespace solstice {
namespace {

namespace fs = std::filesystem;

std::string spelled_file(const fs::path& file) {
  return (spelled_folder(file.parent_path()) / file.filename()).string();
}

}  // namespace

Arrivals::Arrivals(const TranslateOptions& options, const OutputContext& context)
    : options_(options),
      outputs_({}, options, context),
      watch_(options.inputs, options.out, options.selection) {}

void Arrivals::reserve(const Job& job) {
  owners_.emplace(spelled_file(job.output), job.input.string());
}

/// A mask may come before its image, so any is taken for a label. Results may lie in a folder that
/// is watched, though --out does not: they are no photos.
bool Arrivals::is_left_alone(const ListedFile& file) const {
  return (options_.sidecars && file.path.ends_with(kMaskEnding)) ||
         owners_.contains(spelled_file(file.path));
}

Job Arrivals::plan(const ListedFile& file) {
  std::vector<Job> jobs{outputs_.job_of(file)};
  if (options_.sidecars) plan_sidecars(jobs, options_.existing);
  Job& job = jobs.front();
  const std::string input = job.input.string();
  const std::string& owner = owners_.emplace(spelled_file(job.output), input).first->second;
  if (owner != input) {
    throw Error(ErrorKind::kUsage,
                message("its result would replace that of ", owner, ", ", job.output.string()));
  }
  return job;
}

std::unique_ptr<Photo> Arrivals::next(const ImageModel& model, const std::function<bool()>& stop) {
  if (!announced_)
    log_info(message("watching ", counted(watch_.folders(), "folder"), "; Ctrl-C ends"));
  announced_ = true;
  auto file = watch_.next(stop);
  while (file && is_left_alone(*file)) file = watch_.next(stop);
  if (!file) return nullptr;
  std::string failure;
  try {
    return read_photo(plan(*file), options_, model);
  } catch (const Error& error) {
    failure = error.what();
  }
  auto refused = std::make_unique<Photo>(Job{file->path, {}});
  refused->fail(failure);
  refused->failed_stage = "plan";
  return refused;
}

}  // namespace solstice
