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
    "pairs",     "memory"};

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
  file.tensors = std::move(tensors);
  save_weights(path.string(), file);
}

}  // namespace

void save_checkpoint(RunDirectory& run, int64_t step, Trainer& trainer,
                     const TrainOptions& options) {
  const fs::path directory = run.begin_checkpoint(step);
  for (const NamedNetwork& named : trainer.networks()) {
    save(directory / (named.name + ".safetensors"), state_of(*named.network));
  }
  for (const NamedOptimizer& named : trainer.optimizers()) {
    save(directory / (named.name + ".optimizer.safetensors"), named.optimizer->state());
  }
  save(directory / "trainer.safetensors", trainer.state());
  const Json state = {{"version", 1}, {"step", step}, {"options", fixed_options(options)}};
  write_file_atomically(directory / "state.json", state.dump(1) + "\n");
  run.commit_checkpoint(step, options.run.keep_checkpoints);
}

int64_t load_checkpoint(const fs::path& checkpoint, Trainer& trainer, const TrainOptions& options) {
  const Json state = Json::parse(read_file(checkpoint / "state.json"), nullptr, false);
  if (!state.is_object() || !state.contains("step") || !state["step"].is_number_integer() ||
      !state.contains("options")) {
    throw Error(ErrorKind::kWeights,
                message((checkpoint / "state.json").string(), ": is damaged; remove ",
                        checkpoint.string(), " to go on from an earlier checkpoint"));
  }
  check_options(state["options"], options);
  for (const NamedNetwork& named : trainer.networks()) {
    const std::string path = (checkpoint / (named.name + ".safetensors")).string();
    load_state(*named.network, load_weights(path).tensors, path);
  }
  for (const NamedOptimizer& named : trainer.optimizers()) {
    const fs::path path = checkpoint / (named.name + ".optimizer.safetensors");
    named.optimizer->load_state(load_weights(path.string()).tensors);
  }
  trainer.load_state(load_weights((checkpoint / "trainer.safetensors").string()).tensors);
  return state["step"].get<int64_t>();
}

}  // namespace solstice
