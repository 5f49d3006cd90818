#pragma once

#include <filesystem>
#include <string>

namespace solstice::testing {

/// Writes a TorchScript file of a network without weights: `def forward(self, ARGUMENTS):` and a
/// body, indented by two spaces.
void make_feature_file(const std::filesystem::path& path, const std::string& body,
                       const std::string& arguments = "x");

}  // namespace solstice::testing
