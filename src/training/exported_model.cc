#include "training/exported_model.h"

#include <filesystem>

#include "inference/model_file.h"
#include "models/networks/image_module.h"

namespace solstice {

void write_exported_model(const std::string& path, Trainer& trainer, const TrainOptions& options,
                          int64_t step, const nlohmann::ordered_json& metrics) {
  ModelMetadata metadata;
  metadata.task = options.data.inputs == Inputs::kGrey
                      ? std::string(kColorizeTask)
                      : std::string(trainer_row(options.trainer.kind).name);
  metadata.recipe = std::filesystem::path(options.run.recipe).stem().string();
  metadata.direction = name_of(options.data.direction);
  metadata.scale = options.trainer.generator.scale;
  metadata.generator = options.trainer.generator;
  metadata.preprocess = {{"mode", name_of(options.data.preprocess)},
                         {"load_size", options.data.load_size},
                         {"crop_size", options.data.crop_size}};
  metadata.training = {{"steps", step}, {"seed", options.run.seed}};
  if (!metrics.empty()) metadata.training["metrics"] = metrics;
  TensorList tensors;
  for (const auto& [network, prefix] : trainer.exported()) {
    for (const NamedNetwork& named : trainer.networks()) {
      if (named.name != network) continue;
      for (auto& [name, tensor] : state_of(*named.network)) {
        tensors.emplace_back(prefix + name, tensor.to(at::kCPU));
      }
    }
  }
  save_model(path, metadata, std::move(tensors));
}

}  // namespace solstice
