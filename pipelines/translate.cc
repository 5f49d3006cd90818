#include "pipelines/translate.h"

#include <unistd.h>

#include <iostream>

#include "pipelines/serve_flow.h"
#include "pipelines/translate_flow.h"

namespace solstice {

TranslateSummary translate_folder(const TranslateOptions& options, const Translator& translator) {
  const ImageModel model{
      [&](const Image& image) {
        std::vector<Image> results = translator.translate(std::span(&image, 1));
        return std::move(results.at(0));
      },
      [&](int width, int height) { return translator.working_bytes(width, height); },
      translator.scale(), translator.description()};
  if (options.serve) return run_serve_flow(options, model, STDIN_FILENO, std::cout);
  return run_translate_flow(options, model, std::cout);
}

}  // namespace solstice
