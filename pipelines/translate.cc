#include "pipelines/translate.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <thread>

#include "core/log.h"
#include "core/message.h"
#include "core/options_json.h"
#include "inference/device.h"
#include "pipelines/serve_flow.h"
#include "pipelines/translate_flow.h"

namespace solstice {

TranslateSummary translate_folder(const TranslateOptions& options, const Translator& translator,
                                  int64_t given_threads) {
  const int64_t threads =
      given_threads > 0 ? given_threads : std::max(1U, std::thread::hardware_concurrency());
  ComputeSplit split;
  ImageModel model;
  model.translate = [&](const Image& image) {
    std::vector<Image> results = translator.translate(std::span(&image, 1));
    return std::move(results.at(0));
  };
  model.working_bytes = [&](int width, int height) {
    return translator.working_bytes(width, height);
  };
  model.scale = translator.scale();
  model.description = translator.description();
  model.name = translator.name();
  model.identity = translator.identity();
  TranslatorOptions how = translator.options();
  model.options = to_json(fields_of(how));
  model.options["threads"] = threads;
  model.split = [&](int64_t images, int width, int height) {
    split = images > 0 ? ComputeSplit{images, std::max<int64_t>(1, threads / images)}
                       : translator.fastest_split(width, height, threads);
    set_caller_threads(split.threads);
    if (split.images > 1) {
      log_info(
          message(split.images, " images at a time, ", split.threads, " compute threads each"));
    }
    return split.images;
  };
  model.prepare_caller = [&] { set_caller_threads(split.threads); };
  model.together = translator.batch();
  model.is_single_threaded = translator.is_single_threaded();
  model.translate_together = [&](std::span<const Image> images) {
    return translator.translate(images);
  };
  if (options.serve) return run_serve_flow(options, model, STDIN_FILENO, std::cout);
  return run_translate_flow(options, model, std::cout);
}

}  // namespace solstice
