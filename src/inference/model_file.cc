#include "inference/model_file.h"

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

std::string resolve_model_path(const std::string& model) {
  std::error_code ignored;
  const fs::path path(model);
  if (fs::is_regular_file(path, ignored)) return model;
  if (!fs::exists(path, ignored)) {
    const fs::path shipped = find_shipped(fs::path("models") / (model + ".safetensors"));
    if (!path.has_parent_path() && !shipped.empty()) return shipped.string();
    const std::vector<std::string> names = shipped_names("models", ".safetensors");
    const std::string near = nearest_name(model, names);
    throw Error(ErrorKind::kWeights,
                message(model, ": no such model",
                        near.empty() ? "" : message(" (did you mean ", near, "?)"),
                        "; expected a run directory, a .safetensors or a .pth file",
                        names.empty() ? "" : message(", or one of ours: ", join(names))));
  }
  for (const char* name :
       {"best.safetensors", "model.safetensors", "latest_net_G.pth", "latest_net_G_A.pth"}) {
    if (fs::is_regular_file(path / name, ignored)) return (path / name).string();
  }
  throw Error(ErrorKind::kWeights,
              message(model,
                      ": holds no model yet; looked for best.safetensors, model.safetensors, "
                      "latest_net_G.pth and latest_net_G_A.pth"));
}

ModelFile read_model(const std::string& model) {
  ModelFile file;
  file.path = resolve_model_path(model);
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
      file.metadata.generator = infer_generator(file.weights.tensors);
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

ModelFile load_model(const std::string& model) {
  ModelFile file = read_model(model);
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
