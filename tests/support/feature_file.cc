#include "support/feature_file.h"

#include <torch/csrc/jit/api/module.h>

namespace solstice::testing {

void make_feature_file(const std::filesystem::path& path, const std::string& body,
                       const std::string& arguments) {
  torch::jit::Module module("features");
  module.define("def forward(self, " + arguments + "):\n  " + body + "\n");
  module.save(path.string());
}

}  // namespace solstice::testing
