#include "inference/inspect.h"

#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "inference/model_file.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownTensors = 8;

/// Values of weights and biases; running statistics and counters are no parameters.
int64_t count_values(const TensorList& tensors) {
  int64_t count = 0;
  for (const auto& [name, tensor] : tensors) {
    const bool statistic = name.ends_with("running_mean") || name.ends_with("running_var") ||
                           name.ends_with("num_batches_tracked");
    if (!statistic) count += tensor.numel();
  }
  return count;
}

Json describe_tensors(const TensorList& tensors) {
  Json shown = Json::array();
  for (const auto& [name, tensor] : tensors) {
    if (shown.size() == kShownTensors) break;
    std::string type = c10::toString(tensor.scalar_type());
    shown.push_back({{"name", name}, {"type", type}, {"shape", tensor.sizes().vec()}});
  }
  return shown;
}

Json element_types(const TensorList& tensors) {
  Json types = Json::object();
  for (const auto& entry : tensors) {
    const std::string type = c10::toString(entry.second.scalar_type());
    types[type] = types.value(type, int64_t{0}) + 1;
  }
  return types;
}

}  // namespace

Json inspect_model(const std::string& model) {
  ModelFile file = read_model(model);
  const std::string& path = file.path;
  const WeightFile& weights = file.weights;
  Json object = {{"file", path},
                 {"bytes", fs::file_size(path)},
                 {"format", weights.format},
                 {"tensors", weights.tensors.size()},
                 {"types", element_types(weights.tensors)},
                 {"parameters", count_values(weights.tensors)}};
  if (!weights.notes.empty()) object["notes"] = weights.notes;
  try {
    understand_model(file);
    if (!weights.notes.empty()) object["notes"] = weights.notes;
    object["kind"] = file.metadata.generator.kind;
    object["task"] = file.metadata.task;
    object["learned_from"] = file.self_described ? "metadata" : "tensor names and shapes";
    object["generator"] = to_json(file.metadata.generator);
    object["scale"] = file.metadata.scale;
    if (file.self_described) object["metadata"] = to_json(file.metadata);
  } catch (const Error& error) {
    std::string reason = error.what();
    if (reason.starts_with(path + ": ")) reason.erase(0, path.size() + 2);
    object["kind"] = "unknown";
    object["reason"] = reason;
    object["first_tensors"] = describe_tensors(weights.tensors);
  }
  return object;
}

}  // namespace solstice
