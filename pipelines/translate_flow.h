#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "image/image.h"
#include "pipelines/translate.h"

namespace solstice {

/// What the flow asks of a model: Translator's promises (src/inference/translator.h), without its
/// LibTorch, so that the flow is tested with models of a few lines.
struct ImageModel {
  std::function<Image(const Image&)> translate;  ///< always called on the same thread
  std::function<int64_t(int width, int height)> working_bytes;
  int scale = 1;
  std::string description;
  std::string name;      ///< short: {model} in names of results
  std::string identity;  ///< differs wherever the model or how it is run does
};

/// translate_folder with any model. Lines of `--json` and `--dry-run` go to `results`.
TranslateSummary run_translate_flow(const TranslateOptions& options, const ImageModel& model,
                                    std::ostream& results);

}  // namespace solstice
