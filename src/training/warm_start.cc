#include "training/warm_start.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "core/error.h"
#include "core/message.h"
#include "inference/model_file.h"
#include "inference/model_path.h"
#include "models/networks/image_module.h"
#include "models/networks/published_names.h"
#include "training/run_directory.h"
#include "weights/weights.h"

namespace solstice {
namespace {

/// `latest_net_G_A.pth` for network D_B is `latest_net_D_B.pth`; nothing for other names.
std::optional<fs::path> beside(const fs::path& file, const std::string& network) {
  const std::string name = file.filename().string();
  const size_t tag = name.find("_net_");
  if (tag == std::string::npos) return std::nullopt;
  const fs::path other =
      file.parent_path() / (name.substr(0, tag + 5) + network + file.extension().string());
  std::error_code ignored;
  return fs::is_regular_file(other, ignored) ? std::optional(other) : std::nullopt;
}

/// The newest checkpoint's file of a network, when `path` is a run.
std::optional<fs::path> in_checkpoint(const fs::path& path, const std::string& network) {
  const auto checkpoint = latest_checkpoint(path);
  if (!checkpoint) return std::nullopt;
  const fs::path file = *checkpoint / (network + ".safetensors");
  std::error_code ignored;
  return fs::is_regular_file(file, ignored) ? std::optional(file) : std::nullopt;
}

/// The tensors of a model file that belong to a network: those under its prefix, or all of a bare
/// generator for the first network that is exported.
TensorList in_model(const TensorList& tensors, const std::string& prefix, size_t exported) {
  TensorList chosen;
  bool prefixed = false;
  for (const auto& [name, tensor] : tensors) {
    prefixed = prefixed || name.starts_with("G_A.") || name.starts_with("G_B.");
    if (!prefix.empty() && name.starts_with(prefix)) {
      chosen.emplace_back(name.substr(prefix.size()), tensor);
    }
  }
  if (prefix.empty() && prefixed) return in_model(tensors, "G_A.", exported);
  if (!prefixed && exported == 0) return tensors;
  return chosen;
}

std::string shape_of(const at::Tensor& tensor) {
  std::vector<std::string> sides;
  for (const int64_t side : tensor.sizes()) sides.push_back(std::to_string(side));
  return sides.empty() ? "one number" : join(sides, "x");
}

WarmStart take(const NamedNetwork& named, const TensorList& tensors, const std::string& from) {
  WarmStart result{named.name, from, 0, {}, {}};
  const std::map<std::string, at::Tensor> given(tensors.begin(), tensors.end());
  std::vector<std::pair<at::Tensor, at::Tensor>> fitting;
  bool has_weight = false;
  const TensorList targets = state_of(*named.network);
  for (const auto& [name, target] : targets) {
    const auto found = given.find(name);
    if (found != given.end() && found->second.sizes() == target.sizes()) {
      fitting.emplace_back(target, found->second);
      has_weight = has_weight || target.dim() > 1;
      continue;
    }
    result.fresh.push_back(name);
    if (found == given.end() || !result.misfit.empty()) continue;
    result.misfit =
        message(name, " is ", shape_of(target), " here, ", shape_of(found->second), " there");
  }
  if (has_weight) {
    const at::NoGradGuard no_grad;
    for (auto& [target, source] : fitting) target.copy_(source);
    result.taken = fitting.size();
  } else {
    result.fresh.clear();
    for (const auto& [name, target] : targets) result.fresh.push_back(name);
    if (result.misfit.empty()) result.from.clear();
  }
  return result;
}

}  // namespace

std::string WarmStart::describe() const {
  constexpr size_t kShown = 8;
  const std::string reason = misfit.empty() ? "" : message(" (", misfit, ")");
  if (taken == 0) {
    return message(network, ": new",
                   from.empty() ? "" : message("; no weight of ", from, " fits", reason));
  }
  const std::string line =
      message(network, ": ", taken, " of ", taken + fresh.size(), " tensors from ", from);
  if (fresh.empty()) return line;
  std::vector<std::string> shown = fresh;
  if (shown.size() > kShown) {
    shown.resize(kShown);
    shown.emplace_back("...");
  }
  return message(line, reason, "; new: ", join(shown));
}

std::vector<WarmStart> warm_start(Trainer& trainer, const std::string& path) {
  const std::string model = resolve_model_path(path);
  std::optional<TensorList> model_tensors;
  const auto exported = trainer.exported();
  std::vector<WarmStart> results;
  size_t taken = 0;
  for (const NamedNetwork& named : trainer.networks()) {
    TensorList tensors;
    std::string from = model;
    auto file = in_checkpoint(path, named.name);
    if (!file) file = beside(model, named.name);
    if (file) {
      from = file->string();
      tensors = load_weights(from).tensors;
    } else {
      if (!model_tensors) {
        model_tensors = load_weights(model).tensors;
        rename_published(*model_tensors);
      }
      for (size_t i = 0; i < exported.size(); ++i) {
        if (exported[i].first != named.name) continue;
        tensors = in_model(*model_tensors, exported[i].second, i);
      }
    }
    results.push_back(take(named, tensors, from));
    taken += results.back().taken;
  }
  if (taken == 0) {
    const auto found = std::find_if(results.begin(), results.end(),
                                    [](const WarmStart& start) { return !start.misfit.empty(); });
    throw Error(
        ErrorKind::kWeights,
        message(
            "--init-from ", path, ": not one weight fits the networks of this run",
            found == results.end() ? "" : message(" (", found->network, ": ", found->misfit, ")"),
            "; `solstice inspect ", path, "` says what it is"));
  }
  return results;
}

}  // namespace solstice
