#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/infer.h"
#include "models/networks/layers.h"
#include "models/networks/networks.h"

namespace solstice {
namespace {

constexpr size_t kDifferencesShown = 8;
constexpr std::string_view kBatchCounter = ".num_batches_tracked";

/// What a walk over the modules finds, in the reference's order: a module's own parameters, its own
/// buffers, then its children.
struct Walk {
  TensorList tensors;
  std::set<std::string> instance_norms;  ///< names of modules

  void visit(const torch::nn::Module& module, const std::string& prefix) {
    for (const auto& item : module.named_parameters(/*recurse=*/false)) {
      tensors.emplace_back(prefix + item.key(), item.value());
    }
    for (const auto& item : module.named_buffers(/*recurse=*/false)) {
      tensors.emplace_back(prefix + item.key(), item.value());
    }
    for (const auto& item : module.named_children()) {
      const std::string name = prefix + item.key();
      if (dynamic_cast<const InstanceNorm*>(item.value().get()) != nullptr) {
        instance_norms.insert(name);
      }
      visit(*item.value(), name + ".");
    }
  }
};

/// Instance norms of files from before PyTorch 0.4 carry statistics that nothing ever used.
bool is_old_statistic(const Walk& walk, const std::string& name) {
  for (const std::string_view end :
       {std::string_view(".running_mean"), std::string_view(".running_var"), kBatchCounter}) {
    if (!name.ends_with(end)) continue;
    return walk.instance_norms.count(name.substr(0, name.size() - end.size())) != 0;
  }
  return false;
}

std::string listing(const std::vector<std::string>& names, const char* what) {
  std::vector<std::string> shown(
      names.begin(),
      names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kDifferencesShown)));
  if (names.size() > kDifferencesShown) shown.emplace_back("...");
  return message(names.size(), " ", what, " (", join(shown), ")");
}

}  // namespace

TensorList state_of(const ImageModule& network) {
  Walk walk;
  walk.visit(network, "");
  return std::move(walk.tensors);
}

void load_state(ImageModule& network, const TensorList& tensors, const std::string& label) {
  Walk walk;
  walk.visit(network, "");
  std::map<std::string, at::Tensor> given(tensors.begin(), tensors.end());
  std::vector<std::string> missing, unexpected, misshapen;
  std::vector<std::pair<at::Tensor, at::Tensor>> copies;
  for (const auto& [name, target] : walk.tensors) {
    const auto found = given.find(name);
    if (found == given.end()) {
      // Files from before PyTorch 0.4.1 have no counter, and nothing depends on it.
      if (!name.ends_with(kBatchCounter)) missing.push_back(name);
      continue;
    }
    if (found->second.sizes() == target.sizes()) {
      copies.emplace_back(target, found->second);
    } else {
      misshapen.push_back(message(name, " ", shape_text(found->second.sizes()), " for ",
                                  shape_text(target.sizes())));
    }
    given.erase(found);
  }
  for (const auto& [name, tensor] : tensors) {
    if (given.count(name) != 0 && !is_old_statistic(walk, name)) unexpected.push_back(name);
  }
  std::vector<std::string> trouble;
  if (!missing.empty()) trouble.push_back(listing(missing, "missing"));
  if (!unexpected.empty()) trouble.push_back(listing(unexpected, "unexpected"));
  if (!misshapen.empty()) trouble.push_back(listing(misshapen, "of another shape"));
  if (!trouble.empty()) {
    throw Error(ErrorKind::kWeights,
                message(label, ": tensors do not fit the network: ", join(trouble, "; ")));
  }
  const at::NoGradGuard no_grad;
  for (auto& [target, source] : copies) target.copy_(source);
}

int64_t count_parameters(const ImageModule& network) {
  int64_t count = 0;
  for (const at::Tensor& parameter : network.parameters()) count += parameter.numel();
  return count;
}

}  // namespace solstice
