#include "weights/convert.h"

#include <filesystem>

#include "core/message.h"
#include "core/names.h"
#include "weights/weights.h"

namespace solstice {
namespace {

/// Of a file that holds both directions, leaves the one that `out` is named after, under the names
/// the Python code gives a single network: latest_net_G_A.pth.
void take_named_network(WeightFile& weights, const std::string& out) {
  const std::string stem = std::filesystem::path(out).stem().string();
  for (const char* network : {"G_A", "G_B"}) {
    if (!stem.ends_with(network)) continue;
    const std::string prefix = message(network, ".");
    std::vector<std::pair<std::string, at::Tensor>> chosen;
    for (auto& [name, tensor] : weights.tensors) {
      if (name.starts_with(prefix)) chosen.emplace_back(name.substr(prefix.size()), tensor);
    }
    if (chosen.empty()) return;
    weights.tensors = std::move(chosen);
    // What the metadata says is true of both together.
    weights.metadata.clear();
    weights.notes.push_back(message("only ", network, ", which the name asks for"));
  }
}

}  // namespace

std::string convert_weights(const std::string& in, const std::string& out) {
  WeightFile weights = load_weights(in);
  take_named_network(weights, out);
  const std::string target(weight_format_to_write(out).name);
  std::vector<std::string> notes = weights.notes;
  if (target == "safetensors") {
    // Python's loaders ask which framework's tensors these are.
    weights.metadata.emplace("format", "pt");
  } else if (weights.metadata.size() > weights.metadata.count("format")) {
    notes.emplace_back("the metadata has no place in this format and is left out");
  }
  save_weights(out, weights);
  int64_t elements = 0;
  for (const auto& [name, tensor] : weights.tensors) elements += tensor.numel();
  return message(out, " (", target, "): ", weights.tensors.size(), " tensors, ", elements,
                 " numbers, from ", in, " (", weights.format, ")", notes.empty() ? "" : "; ",
                 join(notes, "; "));
}

}  // namespace solstice
