#pragma once

#include <string>

namespace solstice {

/// The weight file that a `--model` means: a file itself; the name of a model that is installed
/// with the program ("superres_x2"), where no file or folder of that name is; of a run directory
/// best.safetensors, else model.safetensors; of a reference checkpoint directory latest_net_G.pth
/// or latest_net_G_A.pth, with direction "BtoA" latest_net_G_B.pth. Throws Error(kWeights) that
/// says what was looked for.
std::string resolve_model_path(const std::string& model, const std::string& direction = "");

}  // namespace solstice
