#include "pipelines/translate.h"

#include <iostream>

#include "pipelines/translate_flow.h"

namespace solstice {

TranslateSummary translate_folder(const TranslateOptions& options, const Translator& translator) {
  const ImageModel model{
      [&](const Image& image) {
        std::vector<Image> results = translator.translate(std::span(&image, 1));
        return std::move(results.at(0));
      },
      [&](int width, int height) { return translator.working_bytes(width, height); },
      translator.scale(),
      translator.description(),
      translator.name(),
      translator.identity()};
  return run_translate_flow(options, model, std::cout);
}

}  // namespace solstice
