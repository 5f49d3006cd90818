#include <algorithm>
#include <iostream>

#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "core/options_json.h"
#include "core/stop.h"
#include "inference/buffer_pool.h"
#include "inference/device.h"
#include "pipelines/translate.h"

namespace solstice {
namespace {

/// What an image of half a megapixel frees and takes again while it is computed.
constexpr int64_t kPooledBytes = int64_t{384} << 20;
/// What a run takes beside tensors and large images: libraries, codecs, kernels.
constexpr int64_t kProgramBytes = int64_t{400} << 20;

struct Options {
  TranslatorOptions translator;
  TranslateOptions translate;
  int64_t threads = 0;
  int64_t seed = 1;
  GlobalOptions global;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    TranslatorOptions::fields(self.translator, visit);
    TranslateOptions::fields(self.translate, visit);
    visit("threads", self.threads, "threads that compute; 0: one per processor", Range{0, 1024});
    visit("seed", self.seed, "no effect today: translation draws nothing at random",
          Range{0, 9e15});
    GlobalOptions::fields(self.global, visit);
  }
};

std::string speed_of(const TranslateSummary& summary) {
  if (summary.done == 0 || summary.seconds <= 0) return "";
  char text[160];
  std::snprintf(text, sizeof text, " (%.2f images/s, %.2f megapixels/s; busiest: %s, %.0f %%)",
                static_cast<double>(summary.done) / summary.seconds,
                static_cast<double>(summary.pixels) * 1e-6 / summary.seconds,
                summary.bottleneck.c_str(), 100 * summary.busy);
  return text;
}

void print_summary(const TranslateSummary& summary) {
  log_info(message(
      summary.done, " translated, ", summary.skipped, " skipped, ", summary.failed, " failed",
      summary.remaining > 0 ? message(", ", summary.remaining, " not begun") : "", " of ",
      summary.found, " in ", format_duration(summary.seconds), speed_of(summary)));
}

}  // namespace

std::vector<Field> translate_options() {
  static Options defaults;
  return fields_of(defaults);
}

int run_translate(const std::vector<std::string>& arguments) {
  Options options;
  const auto positional = begin_command(arguments, fields_of(options), options.global);
  options.translate.inputs = positional;
  options.translate.json = options.global.json;
  if (options.translator.model.empty()) {
    throw Error(ErrorKind::kUsage, "--model is missing: name a run, a .safetensors or a .pth file");
  }
  check_options(options.translate);
  set_compute_threads(options.threads);
  const int64_t memory = options.translate.memory.bytes;
  pool_buffers(std::min(memory / 8, kPooledBytes), memory - std::min(memory / 2, kProgramBytes));
  options.translator.memory = options.translate.memory.bytes;
  const Translator translator(options.translator);
  log_info(translator.description());
  const TranslateSummary summary = translate_folder(options.translate, translator, options.threads);
  print_summary(summary);
  if (summary.stopped && stop_signal() != 0) return 128 + stop_signal();
  return summary.failed > 0 ? kSomeFailed : kDone;
}

}  // namespace solstice
