#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pipelines/evaluate.h"

namespace solstice {

/// Which half of one file is the input, where both sides share it.
enum class InputSide { kOwnFile, kLeftHalf, kRightHalf };

/// One thing to compare.
struct EvaluationJob {
  std::string name;   ///< in results: relative to its folder
  std::string image;  ///< the result, or the model's input; empty: made from the truth, or none
  std::string truth;  ///< empty: none, the image only counts in distances of sets
  InputSide side = InputSide::kOwnFile;  ///< of `truth`, when it holds both
};

struct EvaluationPlan {
  std::string reading;                                 ///< "paired by stem: testA + testB"
  EvaluationInputs inputs = EvaluationInputs::kFiles;  ///< never kAuto
  std::vector<EvaluationJob> jobs;
  /// Files that have no partner or cannot be looked at, and why.
  std::vector<std::pair<std::string, std::string>> left_out;
};

/// Images of two folders by relative stem ("x/1.jpg" with "x/1.png", but with "x/1.jpg" where there
/// are both), in the order of the truths.
/// Throws Error(kInput) when a folder has no images or nothing matches.
EvaluationPlan pair_folders(const std::string& images, const std::string& truth);

/// All images of both, each alone: for distances of sets.
EvaluationPlan list_both_folders(const std::string& images, const std::string& truth);

/// The images of a folder, from which inputs are made.
EvaluationPlan list_truths(const std::string& folder, EvaluationInputs inputs);

/// Throws Error(kInput) when kid or fid is wanted of fewer than two images.
void require_enough(const EvaluationPlan& plan, const EvaluateOptions& options);

}  // namespace solstice
