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

/// Files of one folder by relative path without extension; several may share one.
using ByStem = std::map<std::string, std::vector<ListedFile>>;

ByStem by_stem(std::vector<ListedFile> files) {
  ByStem found;
  for (ListedFile& file : files) {
    const fs::path relative = file.relative;
    found[(relative.parent_path() / relative.stem()).generic_string()].push_back(std::move(file));
  }
  return found;
}

const ListedFile* find_name(const std::vector<ListedFile>& files, const std::string& relative) {
  const auto found = std::find_if(files.begin(), files.end(), [&](const ListedFile& file) {
    return file.relative == relative;
  });
  return found == files.end() ? nullptr : &*found;
}

/// Of the files with one stem those of one name belong together, extension and all; where there are
/// none, the first ones.
std::vector<std::pair<const ListedFile*, const ListedFile*>> pairs_of(
    const std::vector<ListedFile>& results, const std::vector<ListedFile>& truths) {
  std::vector<std::pair<const ListedFile*, const ListedFile*>> pairs;
  for (const ListedFile& truth : truths) {
    if (const ListedFile* result = find_name(results, truth.relative)) {
      pairs.emplace_back(result, &truth);
    }
  }
  if (pairs.empty()) pairs.emplace_back(&results[0], &truths[0]);
  return pairs;
}

/// `taken`: of a stem's files, those that are in a pair.
void note_left_out(const std::vector<ListedFile>& files,
                   const std::vector<const ListedFile*>& taken, EvaluationPlan& plan) {
  for (const ListedFile& file : files) {
    if (std::find(taken.begin(), taken.end(), &file) == taken.end()) {
      plan.left_out.emplace_back(file.path, message("has the same stem as ", taken[0]->relative));
    }
  }
}

void pair_stem(const std::vector<ListedFile>& results, const std::vector<ListedFile>& truths,
               EvaluationPlan& plan) {
  std::vector<const ListedFile*> taken_results, taken_truths;
  for (const auto& [result, truth] : pairs_of(results, truths)) {
    plan.jobs.push_back({result->relative, result->path, truth->path});
    taken_results.push_back(result);
    taken_truths.push_back(truth);
  }
  note_left_out(results, taken_results, plan);
  note_left_out(truths, taken_truths, plan);
}

void note_missing(const ByStem& files, const ByStem& others, const std::string& folder,
                  EvaluationPlan& plan) {
  for (const auto& [stem, same] : files) {
    if (others.contains(stem)) continue;
    for (const ListedFile& file : same) {
      plan.left_out.emplace_back(file.path, message("has no partner in ", folder));
    }
  }
}

}  // namespace

EvaluationPlan pair_folders(const std::string& images, const std::string& truth) {
  EvaluationPlan plan;
  const ByStem results = by_stem(images_in(images, plan));
  const ByStem truths = by_stem(images_in(truth, plan));
  for (const auto& [stem, files] : truths) {
    const auto result = results.find(stem);
    if (result != results.end()) pair_stem(result->second, files, plan);
  }
  if (plan.jobs.empty()) {
    throw Error(
        ErrorKind::kInput,
        message("no image of ", images, " has the name of one in ", truth, ": for example ",
                results.begin()->second[0].relative, " and ", truths.begin()->second[0].relative));
  }
  note_missing(results, truths, truth, plan);
  note_missing(truths, results, images, plan);
  plan.reading = message("paired by name: ", counted(plan.jobs.size(), "image"));
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
