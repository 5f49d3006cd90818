#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "models/networks/networks.h"
#include "weights/weights.h"

namespace solstice {

/// The task of models that take a lightness (1 channel) and give colours (a, b: 2 channels).
inline constexpr std::string_view kColorizeTask = "colorize";

/// What a model file says of itself, beside its tensors: the JSON object under `solstice` in the
/// metadata of the .safetensors file (design: no date, so equal runs give equal bytes).
struct ModelMetadata {
  static constexpr int64_t kVersion = 1;

  std::string task = "pix2pix";
  std::string recipe;
  std::string direction = "AtoB";
  int64_t scale = 1;
  GeneratorOptions generator;
  nlohmann::ordered_json preprocess = nlohmann::ordered_json::object();
  nlohmann::ordered_json training = nlohmann::ordered_json::object();
};

/// A model ready to be built: its metadata (or what its tensors show) and its tensors.
struct ModelFile {
  std::string path;             ///< the file that was read, after a run directory was resolved
  std::string name;             ///< short: the run's or the file's stem
  bool self_described = false;  ///< false: inferred from the names and shapes of bare tensors
  ModelMetadata metadata;
  WeightFile weights;
};

/// Reads a model's file and leaves its metadata to understand_model(). Throws Error(kWeights).
ModelFile read_model(const std::string& model, const std::string& direction = "");

/// Fills in the metadata, from the file's own or from names and shapes of its tensors, which get
/// our names where other published ones are known (published_names.h). Throws Error(kWeights): a
/// higher version, metadata that is no JSON, tensors that no known generator has.
void understand_model(ModelFile& file);

/// Both.
ModelFile load_model(const std::string& model, const std::string& direction = "");

/// Writes a model file, atomically.
void save_model(const std::string& path, const ModelMetadata& metadata, TensorList tensors);

nlohmann::ordered_json to_json(const GeneratorOptions& options);
nlohmann::ordered_json to_json(const ModelMetadata& metadata);
ModelMetadata model_metadata_from_json(const nlohmann::ordered_json& object);

}  // namespace solstice
