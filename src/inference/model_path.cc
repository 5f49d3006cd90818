#include "inference/model_path.h"

#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "core/names.h"

namespace solstice {

std::string resolve_model_path(const std::string& model, const std::string& direction) {
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
  const std::vector<std::string> names = {
      "best.safetensors", "model.safetensors", "latest_net_G.pth",
      direction == "BtoA" ? "latest_net_G_B.pth" : "latest_net_G_A.pth"};
  for (const std::string& name : names) {
    if (fs::is_regular_file(path / name, ignored)) return (path / name).string();
  }
  throw Error(ErrorKind::kWeights,
              message(model, ": holds no model yet; looked for ", join(names)));
}

}  // namespace solstice
