#include "inference/model_file.h"
#include "inference/model_path.h"

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "core/json_text.h"
#include "core/message.h"
#include "core/names.h"
#include "core/options_json.h"
#include "models/networks/published_names.h"

namespace solstice {
namespace {

constexpr const char* kKey = "solstice";

std::string name_of_model(const std::string& model, const std::string& file) {
  const fs::path given(model);
  fs::path named = fs::is_directory(given) ? given.lexically_normal() : fs::path(file).stem();
  if (named.filename().empty()) named = named.parent_path();
  return named.filename().string();
}

/// Metadata spells names as the Python world does: "input_nc", and "kind" for the generator's own.
std::string metadata_key(std::string option) {
  if (option == "generator") return "kind";
  std::replace(option.begin(), option.end(), '-', '_');
  return option;
}

/// Of tensors that are a CycleGAN's both directions those of the first, else all.
TensorList first_generator(const TensorList& tensors) {
  constexpr std::string_view kPrefix = "G_A.";
  TensorList first;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(kPrefix)) first.emplace_back(name.substr(kPrefix.size()), tensor);
  }
  return first.empty() ? tensors : first;
}

nlohmann::ordered_json parse_metadata(const std::string& text, const std::string& path) {
  auto object = parse_json<nlohmann::ordered_json>(text);
  if (object.is_discarded() || !object.is_object()) {
    throw Error(ErrorKind::kWeights,
                message(path, ": its metadata \"", kKey, "\" is no JSON object"));
  }
  return object;
}

}  // namespace

nlohmann::ordered_json to_json(const GeneratorOptions& options) {
  GeneratorOptions copy = options;
  const nlohmann::ordered_json all = to_json(fields_of(copy));
  auto object = nlohmann::ordered_json::object();
  for (const auto& [option, value] : all.items()) {
    object[metadata_key(option)] = value;
  }
  return object;
}

nlohmann::ordered_json to_json(const ModelMetadata& metadata) {
  return {{"version", ModelMetadata::kVersion},
          {"task", metadata.task},
          {"recipe", metadata.recipe},
          {"direction", metadata.direction},
          {"scale", metadata.scale},
          {"generator", to_json(metadata.generator)},
          {"preprocess", metadata.preprocess},
          {"training", metadata.training}};
}

ModelMetadata model_metadata_from_json(const nlohmann::ordered_json& object) {
  ModelMetadata metadata;
  const int64_t version = object.value("version", int64_t{0});
  if (version > ModelMetadata::kVersion) {
    throw Error(ErrorKind::kWeights,
                message("was written by a newer solstice (model version ", version,
                        ", this one reads ", ModelMetadata::kVersion, "): update solstice"));
  }
  metadata.task = object.value("task", metadata.task);
  metadata.recipe = object.value("recipe", metadata.recipe);
  metadata.direction = object.value("direction", metadata.direction);
  metadata.scale = object.value("scale", metadata.scale);
  metadata.preprocess = object.value("preprocess", metadata.preprocess);
  metadata.training = object.value("training", metadata.training);
  auto options = nlohmann::ordered_json::object();
  const std::vector<Field> fields = fields_of(metadata.generator);
  for (const Field& field : fields) {
    const auto found = object.at("generator").find(metadata_key(field.name));
    if (found != object.at("generator").end()) options[field.name] = *found;
  }
  from_json(fields, options);
  return metadata;
}

ModelFile read_model(const std::string& model, const std::string& direction) {
  ModelFile file;
  file.path = resolve_model_path(model, direction);
  file.name = name_of_model(model, file.path);
  file.weights = load_weights(file.path);
  return file;
}

void understand_model(ModelFile& file) {
  const auto described = file.weights.metadata.find(kKey);
  try {
    if (described != file.weights.metadata.end()) {
      file.metadata = model_metadata_from_json(parse_metadata(described->second, file.path));
      file.self_described = true;
    } else {
      const std::string done = rename_published(file.weights.tensors);
      if (!done.empty()) file.weights.notes.push_back(done);
      file.metadata.generator = infer_generator(first_generator(file.weights.tensors));
      file.metadata.scale = file.metadata.generator.scale;
      const GeneratorOptions& generator = file.metadata.generator;
      const bool colours = generator.input_nc == 1 && generator.output_nc == 2;
      file.metadata.task = colours ? std::string(kColorizeTask) : "image-to-image";
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kWeights,
                message(file.path, ": its metadata does not fit: ", error.what()));
  } catch (const Error& error) {
    const std::string text = error.what();
    throw Error(ErrorKind::kWeights, text.starts_with(file.path) ? text : file.path + ": " + text);
  }
}

ModelFile load_model(const std::string& model, const std::string& direction) {
  ModelFile file = read_model(model, direction);
  understand_model(file);
  return file;
}

void save_model(const std::string& path, const ModelMetadata& metadata, TensorList tensors) {
  WeightFile weights;
  weights.tensors = std::move(tensors);
  weights.metadata = {{"format", "pt"}, {kKey, to_json(metadata).dump()}};
  save_weights(path, weights);
}

}  // namespace solstice
