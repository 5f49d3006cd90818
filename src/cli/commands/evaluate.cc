#include <optional>

#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "core/stop.h"
#include "inference/device.h"
#include "pipelines/evaluate.h"

namespace solstice {
namespace {

struct Options {
  TranslatorOptions translator;
  EvaluateOptions evaluate;
  FeatureNetworkOptions features;
  int64_t threads = 0;
  GlobalOptions global;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    TranslatorOptions::fields(self.translator, visit);
    EvaluateOptions::fields(self.evaluate, visit);
    FeatureNetworkOptions::fields(self.features, visit);
    visit("threads", self.threads, "threads that compute; 0: one per processor", Range{0, 1024});
    GlobalOptions::fields(self.global, visit);
  }
};

void print_summary(const EvaluateSummary& summary) {
  log_info(message(summary.compared, " compared, ", summary.failed, " failed, ", summary.left_out,
                   " left out in ", format_duration(summary.seconds)));
  if (summary.remaining > 0) {
    log_warning(message("stopped: ", summary.remaining, " were not compared and count nowhere"));
  }
}

}  // namespace

std::vector<Field> evaluate_options() {
  static Options defaults;
  return fields_of(defaults);
}

int run_evaluate(const std::vector<std::string>& arguments) {
  Options options;
  const auto positional = begin_command(arguments, fields_of(options), options.global);
  if (!positional.empty()) {
    throw Error(ErrorKind::kUsage,
                message("'", positional[0], "': folders are named by --images, --truth or --data"));
  }
  EvaluateOptions& evaluate = options.evaluate;
  evaluate.json = options.global.json;
  check_options(evaluate, options.translator.model, options.features.file);
  set_compute_threads(options.threads);
  options.translator.memory = evaluate.memory.bytes;
  std::optional<Translator> translator;
  if (!options.translator.model.empty()) translator.emplace(options.translator);
  std::optional<FeatureNetwork> features;
  if (!options.features.file.empty()) {
    features.emplace(options.features, options.translator.device);
  }
  const EvaluateSummary summary = solstice::evaluate(evaluate, translator ? &*translator : nullptr,
                                                     features ? &*features : nullptr);
  print_summary(summary);
  if (summary.stopped && stop_signal() != 0) return 128 + stop_signal();
  return summary.failed > 0 ? kSomeFailed : kDone;
}

}  // namespace solstice
