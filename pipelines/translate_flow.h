#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "image/image.h"
#include "pipelines/translate.h"

namespace solstice {

/// What the flow asks of a model: Translator's promises (src/inference/translator.h), without its
/// LibTorch, so that the flow is tested with models of a few lines.
struct ImageModel {
  std::function<Image(const Image&)> translate;
  std::function<int64_t(int width, int height)> working_bytes;
  int scale = 1;
  std::string description;
  std::string name;      ///< short: {model} in names of results
  std::string identity;  ///< differs wherever the model or how it is run does
  nlohmann::ordered_json options = nlohmann::ordered_json::object();  ///< how it is run
  /// Shares the compute threads among `images` images at a time, 0: as many as are fastest at this
  /// size, which it finds out by trying; says how many.
  std::function<int64_t(int64_t images, int width, int height)> split = [](int64_t, int, int) {
    return int64_t{1};
  };
  std::function<void()> prepare_caller = [] {};  ///< of each further thread that translates
  /// Several images at once, where that is faster; at most `together`.
  std::function<std::vector<Image>(std::span<const Image>)> translate_together = {};
  int64_t together = 1;
  /// An image takes one thread and little memory: it is translated where it was decoded.
  bool is_single_threaded = false;
};

/// translate_folder with any model, of options that check_options() has passed. Lines of `--json`
/// and `--dry-run` go to `results`.
TranslateSummary run_translate_flow(const TranslateOptions& options, const ImageModel& model,
                                    std::ostream& results);

}  // namespace solstice
