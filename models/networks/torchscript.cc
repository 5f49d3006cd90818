#include "models/networks/torchscript.h"

#include <c10/util/Exception.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <filesystem>
#include <string_view>

#include "core/error.h"
#include "core/message.h"
#include "core/names.h"

namespace solstice {

std::string torchscript_complaint(const std::exception& error) {
  const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
  const std::string_view text =
      trim(of_torch != nullptr ? of_torch->what_without_backtrace() : error.what());
  const size_t end_of_others = text.rfind('\n');
  std::string_view line = end_of_others == text.npos ? text : trim(text.substr(end_of_others));
  // LibTorch's advice to its own developers.
  for (const std::string_view advice :
       {". This is an internal miniz error", "  (Could this error message be improved"}) {
    line = line.substr(0, line.find(advice));
  }
  return std::string(line);
}

torch::jit::Module load_torchscript(const std::string& option, const std::string& file,
                                    c10::Device device) {
  std::error_code reason;
  if (!std::filesystem::is_regular_file(file, reason)) {
    throw Error(ErrorKind::kWeights, message(option, " ", file, ": no such file"));
  }
  try {
    torch::jit::Module module = torch::jit::load(file, device);
    module.eval();
    if (!module.find_method("forward")) throw Error(ErrorKind::kWeights, "it has no forward()");
    return module;
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kWeights,
                message(option, " ", file, ": cannot be loaded as TorchScript, which ",
                        "torch.jit.save(torch.jit.script(network), FILE) makes (weights alone are ",
                        "no network): ", torchscript_complaint(error)));
  }
}

}  // namespace solstice
