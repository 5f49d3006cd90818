#include "pipelines/evaluate.h"

#include <algorithm>
#include <iostream>
#include <optional>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "data/layouts.h"
#include "pipelines/evaluate_flow.h"

namespace solstice {
namespace {

ImageModel image_model(const Translator& translator) {
  ImageModel model;
  model.translate = [&](const Image& image) {
    return std::move(translator.translate(std::span(&image, 1)).at(0));
  };
  model.working_bytes = [&](int width, int height) {
    return translator.working_bytes(width, height);
  };
  model.scale = translator.scale();
  model.description = translator.description();
  model.name = translator.name();
  return model;
}

EvaluationInputs inputs_of(const EvaluateOptions& options, const Translator* translator) {
  if (options.inputs != EvaluationInputs::kAuto) return options.inputs;
  if (translator != nullptr && translator->task() == "colorize") return EvaluationInputs::kGrey;
  const int64_t scale = translator != nullptr ? translator->scale() : options.scale;
  return scale > 1 ? EvaluationInputs::kShrunk : EvaluationInputs::kFiles;
}

/// The part of that name, of none the whole folder.
std::string folder_of_truths(const EvaluateOptions& options) {
  if (!options.split.empty()) return (fs::path(options.data) / options.split).string();
  for (const char* split : {"test", "val"}) {
    const fs::path folder = fs::path(options.data) / split;
    if (fs::is_directory(folder)) return folder.string();
  }
  return options.data;
}

std::vector<std::string> splits_of(const EvaluateOptions& options) {
  if (!options.split.empty()) return {options.split};
  return {"test", "val"};
}

void add_jobs(const Layout& layout, const DataOptions& data, EvaluationPlan& plan) {
  const bool backwards = data.direction == Direction::kBtoA;
  const auto name = [&](const fs::path& file) {
    const fs::path relative = file.lexically_relative(data.data);
    return (relative.empty() ? file : relative).string();
  };
  if (layout.halves()) {
    const InputSide side = backwards ? InputSide::kRightHalf : InputSide::kLeftHalf;
    for (const fs::path& file : layout.a) plan.jobs.push_back({name(file), "", file, side});
    return;
  }
  const auto& inputs = backwards ? layout.b : layout.a;
  const auto& targets = backwards ? layout.a : layout.b;
  const bool paired = layout.arrangement == Arrangement::kPairs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    plan.jobs.push_back({name(inputs[i]), inputs[i], paired ? targets[i].string() : ""});
  }
  for (size_t i = 0; !paired && i < targets.size(); ++i) {
    plan.jobs.push_back({name(targets[i]), "", targets[i]});
  }
}

EvaluationPlan plan_data_set(const EvaluateOptions& options, const Translator* translator) {
  DataOptions data;
  data.data = options.data;
  data.pairs = options.pairs;
  if (translator != nullptr) {
    data.direction = value_of<Direction>("--direction", translator->direction());
  }
  const bool pairs = choose_metrics(options.metrics).needs_pairs();
  for (const std::string& split : splits_of(options)) {
    const auto layout = find_layout(data, split, pairs ? Pairing::kPaired : Pairing::kUnpaired);
    if (!layout) continue;
    EvaluationPlan plan;
    add_jobs(*layout, data, plan);
    plan.reading = message(layout->reading, ", ", counted(plan.jobs.size(), "image"));
    for (const DataProblem& problem : layout->problems) {
      plan.left_out.emplace_back(problem.file, problem.what);
    }
    return plan;
  }
  throw_unknown_layout(data, splits_of(options).front());
}

EvaluationPlan make_plan(const EvaluateOptions& options, const Translator* translator) {
  if (options.data.empty()) {
    return choose_metrics(options.metrics).needs_pairs()
               ? pair_folders(options.images, options.truth)
               : list_both_folders(options.images, options.truth);
  }
  const EvaluationInputs inputs = inputs_of(options, translator);
  if (inputs == EvaluationInputs::kFiles) return plan_data_set(options, translator);
  return list_truths(folder_of_truths(options), inputs);
}

}  // namespace

EvaluateSummary evaluate(const EvaluateOptions& options, const Translator* translator,
                         const FeatureNetwork* network) {
  EvaluationPlan plan = make_plan(options, translator);
  require_enough(plan, options);
  std::optional<ImageModel> model;
  if (translator != nullptr) model = image_model(*translator);
  std::optional<FeatureModel> features;
  if (network != nullptr) {
    features = {[&](const Image& image) { return network->features(image); }, network->name()};
  }
  return run_evaluate_flow(options, std::move(plan), model ? &*model : nullptr,
                           features ? &*features : nullptr, std::cout);
}

}  // namespace solstice
