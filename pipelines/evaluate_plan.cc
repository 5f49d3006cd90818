#include "pipelines/evaluate_plan.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "pipelines/listing.h"
#include "pipelines/scores.h"

namespace solstice {
namespace {

/// Problems of looking are noted in the plan; none may have left it without images.
std::vector<ListedFile> images_in(const std::string& folder, EvaluationPlan& plan) {
  if (!fs::is_directory(folder)) {
    throw Error(ErrorKind::kInput,
                message(folder, fs::exists(folder) ? ": is no folder" : ": does not exist"));
  }
  Listing listing = list_images({folder}, "");
  for (const auto& problem : listing.problems) {
    plan.left_out.emplace_back(problem.path.string(), problem.what);
  }
  if (listing.files.empty()) throw Error(ErrorKind::kInput, message("no images found in ", folder));
  return std::move(listing.files);
}

using ByStem = std::map<std::string, ListedFile>;

/// Of two files with one stem the second is left out.
ByStem by_stem(std::vector<ListedFile> files, EvaluationPlan& plan) {
  ByStem found;
  for (ListedFile& file : files) {
    const fs::path relative = file.relative;
    const std::string path = file.path;
    const auto [first, is_new] =
        found.emplace((relative.parent_path() / relative.stem()).generic_string(), std::move(file));
    if (!is_new) {
      plan.left_out.emplace_back(path, message("has the same stem as ", first->second.relative));
    }
  }
  return found;
}

void note_missing(const ByStem& files, const ByStem& others, const std::string& folder,
                  EvaluationPlan& plan) {
  for (const auto& [stem, file] : files) {
    if (!others.contains(stem)) {
      plan.left_out.emplace_back(file.path, message("has no partner in ", folder));
    }
  }
}

}  // namespace

EvaluationPlan pair_folders(const std::string& images, const std::string& truth) {
  EvaluationPlan plan;
  const ByStem results = by_stem(images_in(images, plan), plan);
  const ByStem truths = by_stem(images_in(truth, plan), plan);
  for (const auto& [stem, file] : truths) {
    const auto result = results.find(stem);
    if (result == results.end()) continue;
    plan.jobs.push_back({result->second.relative, result->second.path, file.path});
  }
  if (plan.jobs.empty()) {
    throw Error(
        ErrorKind::kInput,
        message("no image of ", images, " has the name of one in ", truth, ": for example ",
                results.begin()->second.relative, " and ", truths.begin()->second.relative));
  }
  note_missing(results, truths, truth, plan);
  note_missing(truths, results, images, plan);
  plan.reading = message("paired by name: ", plan.jobs.size(), " images");
  return plan;
}

EvaluationPlan list_both_folders(const std::string& images, const std::string& truth) {
  EvaluationPlan plan;
  for (const ListedFile& file : images_in(images, plan)) {
    plan.jobs.push_back({file.relative, file.path, ""});
  }
  const size_t count = plan.jobs.size();
  for (const ListedFile& file : images_in(truth, plan)) {
    plan.jobs.push_back({file.relative, "", file.path});
  }
  plan.reading = message("as two sets: ", count, " and ", plan.jobs.size() - count, " images");
  return plan;
}

EvaluationPlan list_truths(const std::string& folder, EvaluationInputs inputs) {
  EvaluationPlan plan;
  plan.inputs = inputs;
  for (const ListedFile& file : images_in(folder, plan)) {
    plan.jobs.push_back({file.relative, "", file.path});
  }
  plan.reading = message("one folder of good images: ", plan.jobs.size());
  return plan;
}

void require_enough(const EvaluationPlan& plan, const EvaluateOptions& options) {
  const ChosenMetrics metrics = choose_metrics(options.metrics);
  if (metrics.of_sets.empty()) return;
  const auto count = [&](std::string EvaluationJob::*file, bool made) {
    return std::count_if(plan.jobs.begin(), plan.jobs.end(), [&](const EvaluationJob& job) {
      return made || !(job.*file).empty() || job.side != InputSide::kOwnFile;
    });
  };
  const auto images = count(&EvaluationJob::image, plan.inputs != EvaluationInputs::kFiles);
  const auto truths = count(&EvaluationJob::truth, false);
  if (images < 2 || truths < 2) {
    throw Error(ErrorKind::kInput,
                message("--metrics ", metrics.of_sets[0], ": compares sets, and needs two images ",
                        "or more in each; found ", images, " and ", truths));
  }
}

}  // namespace solstice
