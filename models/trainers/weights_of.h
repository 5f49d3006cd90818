#pragma once

#include <string>
#include <utility>
#include <vector>

#include "models/networks/image_module.h"
#include "models/networks/options.h"

namespace solstice {

/// The trainable parameters of a network by name, each name led by `prefix`: what an Adam takes.
/// Frozen ones (requires_grad off) are left out.
TensorList weights_of(const ImageModule& network, const std::string& prefix = "");

/// Whether backward passes compute gradients for a network's parameters.
enum class Gradients { kOff, kOn };
void set_gradients(ImageModule& network, Gradients gradients);

/// Turns off the gradients of the generator's parameters that `parts` name: "encoder" (everything
/// up to the lowest resolution), "decoder" (everything after), or the first words of parameter
/// names ("model.1"). Throws Error(kUsage) for a part that no parameter belongs to, or when nothing
/// would be left to train.
void freeze(ImageModule& generator, const GeneratorOptions& options,
            const std::vector<std::string>& parts);

}  // namespace solstice
