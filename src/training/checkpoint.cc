#include "training/checkpoint.h"

#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "core/options_json.h"
#include "models/networks/image_module.h"
#include "models/trainers/adam.h"
#include "weights/weights.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

/// Options that a resumed run may change: none of them alters what a given step computes.
const std::set<std::string> kMayChange = {
    "out",       "recipe",       "resume",           "steps",
    "log-every", "sample-every", "checkpoint-every", "keep-checkpoints",
    "workers",   "threads",      "device",           "data",
    "pairs",     "init-from",    "tensorboard",      "memory",
    "on-nan"};

Json fixed_options(const TrainOptions& options) {
  TrainOptions copy = options;
  Json all = to_json(fields_of(copy));
  for (const std::string& name : kMayChange) all.erase(name);
  return all;
}

void check_options(const Json& then, const TrainOptions& options) {
  std::string differences;
  const Json now = fixed_options(options);
  for (const auto& [name, value] : now.items()) {
    const auto before = then.find(name);
    if (before == then.end() || *before == value) continue;
    differences += message(differences.empty() ? "" : "; ", "--", name, " was ", before->dump(),
                           ", is ", value.dump());
  }
  if (!differences.empty()) {
    throw Error(ErrorKind::kUsage,
                message("--resume: the run was begun with other options (", differences,
                        "); leave them as they were, or start a new run"));
  }
}

void save(const fs::path& path, TensorList tensors) {
  WeightFile file;
  for (auto& entry : tensors) entry.second = entry.second.to(at::kCPU);
  file.tensors = std::move(tensors);
  save_weights(path.string(), file);
}

Json to_json(const Progress& progress) {
  return {{"nan",
           {{"rate_factor", progress.nan.rate_factor},
            {"bad_in_row", progress.nan.bad_in_row},
            {"halved_in_row", progress.nan.halved_in_row}}},
          {"plateau",
           {{"factor", progress.plateau.factor},
            {"best", progress.plateau.best},
            {"looks", progress.plateau.looks},
            {"bad", progress.plateau.bad}}},
          {"best",
           {{"value", progress.best.value},
            {"step", progress.best.step},
            {"validations_since", progress.best.validations_since}}},
          {"metrics", progress.metrics}};
}

Progress progress_from_json(const Json& state) {
  Progress progress;
  progress.step = state.at("step");
  const Json loop = state.value("loop", to_json(Progress{}));
  const Json& nan = loop.at("nan");
  progress.nan = {nan.at("rate_factor"), nan.at("bad_in_row"), nan.at("halved_in_row")};
  const Json& plateau = loop.at("plateau");
  progress.plateau = {plateau.at("factor"), plateau.at("best"), plateau.at("looks"),
                      plateau.at("bad")};
  const Json& best = loop.at("best");
  progress.best = {best.at("value"), best.at("step"), best.at("validations_since")};
  progress.metrics = loop.at("metrics");
  return progress;
}

/// state.json of a checkpoint: its progress, once its options were found to fit.
Progress read_state(const fs::path& checkpoint, const TrainOptions& options) {
  const fs::path file = checkpoint / "state.json";
  try {
    const Json state = Json::parse(read_file(file));
    check_options(state.at("options"), options);
    return progress_from_json(state);
  } catch (const Json::exception&) {
    throw Error(ErrorKind::kWeights,
                message(file.string(), ": is damaged; remove ", checkpoint.string(),
                        " to go on from an earlier checkpoint"));
  }
}

}  // namespace

void save_checkpoint(RunDirectory& run, const Progress& progress, Trainer& trainer,
                     const TrainOptions& options) {
  const fs::path directory = run.begin_checkpoint(progress.step);
  for (const NamedNetwork& named : trainer.networks()) {
    save(directory / (named.name + ".safetensors"), state_of(*named.network));
  }
  for (const NamedOptimizer& named : trainer.optimizers()) {
    save(directory / (named.name + ".optimizer.safetensors"), named.optimizer->state());
  }
  save(directory / "trainer.safetensors", trainer.state());
  if (!progress.average.empty()) save(directory / "average.safetensors", progress.average);
  const Json state = {{"version", 1},
                      {"step", progress.step},
                      {"loop", to_json(progress)},
                      {"options", fixed_options(options)}};
  write_file_atomically(directory / "state.json", state.dump(1) + "\n");
  run.commit_checkpoint(progress.step, options.run.keep_checkpoints);
}

Progress load_checkpoint(const fs::path& checkpoint, Trainer& trainer,
                         const TrainOptions& options) {
  Progress progress = read_state(checkpoint, options);
  for (const NamedNetwork& named : trainer.networks()) {
    const std::string path = (checkpoint / (named.name + ".safetensors")).string();
    load_state(*named.network, load_weights(path).tensors, path);
  }
  for (const NamedOptimizer& named : trainer.optimizers()) {
    const fs::path path = checkpoint / (named.name + ".optimizer.safetensors");
    named.optimizer->load_state(load_weights(path.string()).tensors);
  }
  trainer.load_state(load_weights((checkpoint / "trainer.safetensors").string()).tensors);
  if (options.run.ema > 0) {
    progress.average = load_weights((checkpoint / "average.safetensors").string()).tensors;
  }
  return progress;
}

}  // namespace solstice
