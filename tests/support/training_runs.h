#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/photos.h"
#include "support/program.h"

namespace solstice::testing {

/// `solstice train` on small images with a small discriminator, on one thread; what is appended
/// overrides it.
inline std::vector<std::string> small_training(const std::filesystem::path& data,
                                               const std::vector<std::string>& more) {
  std::vector<std::string> arguments{
      "train", "--data",      data.string(), "--discriminator", "pixel", "--ndf",
      "4",     "--load-size", "36",          "--crop-size",     "32",    "--threads",
      "1",     "--device",    "cpu",         "--log-every",     "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// The lines of a run's log.jsonl, without what depends on the clock.
inline std::vector<nlohmann::json> log_of(const std::filesystem::path& run) {
  std::vector<nlohmann::json> lines;
  for (const std::string& line : lines_of(read_text(run / "log.jsonl"))) {
    auto object = nlohmann::json::parse(line);
    object.erase("images_per_second");
    object.erase("data_wait");
    lines.push_back(object);
  }
  return lines;
}

}  // namespace solstice::testing
