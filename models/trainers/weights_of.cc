#include "models/trainers/weights_of.h"

#include "core/error.h"
#include "core/message.h"
#include "models/networks/networks.h"

namespace solstice {
namespace {

bool belongs_to(const GeneratorRow& row, const GeneratorOptions& options, const std::string& name,
                const std::string& part) {
  if (part == "encoder") return row.is_encoder(options, name);
  if (part == "decoder") return !row.is_encoder(options, name);
  return name == part || name.starts_with(part + ".");
}

}  // namespace

TensorList weights_of(const ImageModule& network, const std::string& prefix) {
  TensorList weights;
  for (const auto& item : network.named_parameters()) {
    if (item.value().requires_grad()) weights.emplace_back(prefix + item.key(), item.value());
  }
  return weights;
}

void set_gradients(ImageModule& network, Gradients gradients) {
  for (at::Tensor& parameter : network.parameters()) {
    parameter.set_requires_grad(gradients == Gradients::kOn);
  }
}

void freeze(ImageModule& generator, const GeneratorOptions& options,
            const std::vector<std::string>& parts) {
  const GeneratorRow& row = generator_row(options.kind);
  for (const std::string& part : parts) {
    int64_t frozen = 0;
    for (auto& item : generator.named_parameters()) {
      if (!belongs_to(row, options, item.key(), part)) continue;
      item.value().set_requires_grad(false);
      ++frozen;
    }
    if (frozen == 0) {
      throw Error(ErrorKind::kUsage,
                  message("--freeze ", part, ": ", options.kind,
                          " has no such part; expected encoder, decoder or the first words of "
                          "parameter names, as `solstice inspect` lists them"));
    }
  }
  if (weights_of(generator).empty()) {
    throw Error(ErrorKind::kUsage,
                message("--freeze ", join(parts), ": leaves nothing of the generator to train"));
  }
}

}  // namespace solstice
