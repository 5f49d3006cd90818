#pragma once

#include <iosfwd>

#include "pipelines/comparison.h"
#include "pipelines/evaluate.h"
#include "pipelines/evaluate_plan.h"

namespace solstice {

/// --border in pixels. Throws Error(kUsage).
int border_of(const EvaluateOptions& options, int scale);

/// Everything of evaluate() but how files were found and models opened; free of LibTorch. `model`
/// and `features` may be null. The table (or with --json an object a file and one for the means)
/// goes to `results`.
EvaluateSummary run_evaluate_flow(const EvaluateOptions& options, EvaluationPlan plan,
                                  const ImageModel* model, const FeatureModel* features,
                                  std::ostream& results);

}  // namespace solstice
