#include "models/networks/infer.h"

#include <algorithm>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

constexpr size_t kNamesShown = 5;

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorKind::kWeights, what); }

std::string first_tensors(const TensorList& tensors) {
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(tensors.size(), kNamesShown); ++i) {
    shown.push_back(tensors[i].first + " " + shape_text(tensors[i].second.sizes()));
  }
  return message(
      tensors.size(),
      tensors.size() > kNamesShown ? " tensors, the first: " : " tensors: ", join(shown));
}

}  // namespace

std::string shape_text(at::IntArrayRef shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(std::to_string(size));
  return message("(", join(sizes), ")");
}

StateShapes::StateShapes(const TensorList& tensors) {
  for (const auto& [name, tensor] : tensors) {
    shapes_.emplace(name, tensor.sizes());
    has_vector_weight_ |= tensor.dim() == 1 && name.ends_with(".weight");
  }
}

bool StateShapes::has_kernel(const std::string& name, int64_t size) const {
  const auto found = shapes_.find(name);
  return found != shapes_.end() && found->second.size() == 4 && found->second[2] == size &&
         found->second[3] == size;
}

bool StateShapes::any_name_contains(std::string_view part) const {
  return std::any_of(shapes_.begin(), shapes_.end(), [part](const auto& entry) {
    return entry.first.find(part) != std::string::npos;
  });
}

Norm StateShapes::norm(const std::string& first) const {
  if (has_vector_weight_) return Norm::kBatch;
  return has(first + ".bias") ? Norm::kInstance : Norm::kNone;
}

void StateShapes::expect(const std::string& family, const std::string& name,
                         at::IntArrayRef shape) const {
  const auto found = shapes_.find(name);
  if (found != shapes_.end() && found->second == shape) return;
  const std::string have =
      found == shapes_.end() ? "is missing" : "is " + shape_text(found->second);
  fail(message("this looks like a ", family, " generator, but ", name, " ", have, ", expected ",
               shape_text(shape)));
}

GeneratorOptions infer_generator(const TensorList& tensors) {
  if (tensors.empty()) fail("there are no tensors in it");
  std::vector<std::string> known;
  for (const GeneratorRow& row : generator_table()) {
    GeneratorOptions options;
    if (row.infer(tensors, options)) return options;
    known.emplace_back(row.name);
  }
  const StateShapes state(tensors);
  if (state.has_kernel("model.0.weight", 4) && state.has_kernel("model.2.weight", 4)) {
    fail("this is a PatchGAN discriminator, not a generator");
  }
  if (state.has_kernel("net.0.weight", 1) && state.has_kernel("net.2.weight", 1)) {
    fail("this is a pixel discriminator, not a generator");
  }
  fail(message("this is no generator that solstice knows (", join(known), "); it holds ",
               first_tensors(tensors)));
}

}  // namespace solstice
