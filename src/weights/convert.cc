#include "weights/convert.h"

#include "core/message.h"
#include "core/names.h"
#include "weights/weights.h"

namespace solstice {

std::string convert_weights(const std::string& in, const std::string& out) {
  WeightFile weights = load_weights(in);
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
