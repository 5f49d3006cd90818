#include "training/training_checks.h"

#include "core/error.h"
#include "core/message.h"
#include "models/networks/networks.h"
#include "models/trainers/trainer.h"

namespace solstice {
namespace {

[[noreturn]] void fail_usage(const std::string& what) { throw Error(ErrorKind::kUsage, what); }

void check_channels_fit(const TrainOptions& options) {
  const GeneratorOptions& generator = options.trainer.generator;
  if (options.data.inputs != Inputs::kGrey) return;
  if (generator.scale != 1) {
    fail_usage(message("--inputs grey: needs --scale 1, found ", generator.scale));
  }
  if (generator.input_nc == 1 && generator.output_nc == 2) return;
  fail_usage(message("--inputs grey: needs --input-nc 1 (lightness) and --output-nc 2 (colours), ",
                     "found ", generator.input_nc, " and ", generator.output_nc,
                     "; --recipe colorize sets them"));
}

}  // namespace

void check_options_fit(const TrainOptions& options) {
  if (options.run.out.empty()) fail_usage("--out is missing: name a directory for the run");
  if (options.data.data.empty()) fail_usage("--data is missing: name the data set's folder");
  discriminator_row(options.trainer.discriminator.kind);
  trainer_row(options.trainer.kind).check(options.trainer);
  generator_row(options.trainer.generator.kind);
  check_channels_fit(options);
}

void check_validation_is_there(const TrainOptions& options, const std::string& metric, bool there) {
  const ValidationOptions& validation = options.validation;
  const bool plateau = options.run.schedule.schedule == Schedule::kPlateau;
  std::string who;
  if (plateau) who = "--schedule plateau";
  if (validation.early_stop > 0) who = "--early-stop";
  if (who.empty() && validation.best_metric != "auto" && validation.best_metric != "none") {
    who = "--best-metric " + validation.best_metric;
  }
  if (who.empty()) return;
  if (metric.empty()) fail_usage(message(who, ": needs a --best-metric to look at"));
  if (!there || validation.validate_every == 0) {
    fail_usage(message(who, ": needs held-out images: a val folder beside train, or --val-split ",
                       "0.1, and --validate-every above 0"));
  }
}

}  // namespace solstice
