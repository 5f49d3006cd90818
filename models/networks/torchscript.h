#pragma once

#include <c10/core/Device.h>

#include <exception>
#include <string>

namespace torch::jit {
struct Module;
}

namespace solstice {

/// A network that the user brings as a TorchScript file, in evaluation: a program, so only from
/// where it is trusted. `option` is the flag that names the file. Throws Error(kWeights).
torch::jit::Module load_torchscript(const std::string& option, const std::string& file,
                                    c10::Device device = c10::DeviceType::CPU);

/// What TorchScript complains of, in one line: its own messages end with a traceback, or begin
/// with one.
std::string torchscript_complaint(const std::exception& error);

}  // namespace solstice
