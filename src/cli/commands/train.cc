#include <filesystem>
#include <iostream>

#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "core/options_json.h"
#include "core/stop.h"
#include "training/run_training.h"

namespace solstice {
namespace {

struct Options {
  TrainOptions train;
  GlobalOptions global;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    TrainOptions::fields(self.train, visit);
    GlobalOptions::fields(self.global, visit);
  }
};

/// What a resumed run was begun with, so that `train --resume --out RUN` is enough.
KeyValues options_of_run(const TypedArguments& typed, std::string& origin) {
  const auto resume = typed.flags.find("resume");
  const auto out = typed.flags.find("out");
  if (resume == typed.flags.end() || resume->second == "false" || out == typed.flags.end())
    return {};
  origin = (std::filesystem::path(out->second) / "options.ini").string();
  if (!std::filesystem::exists(origin)) return {};
  KeyValues values = read_config(origin);
  values.erase("resume");
  values.erase("out");
  return values;
}

void print_json(const TrainSummary& summary) {
  nlohmann::ordered_json object = {
      {"steps", summary.steps},         {"first_step", summary.first_step},
      {"epoch", summary.epoch},         {"complete", summary.complete},
      {"bad_files", summary.bad_files}, {"seconds", summary.seconds},
      {"model", summary.model},         {"losses", summary.losses}};
  std::cout << object.dump() << "\n";
}

}  // namespace

std::vector<Field> train_options() {
  static Options defaults;
  return fields_of(defaults);
}

int run_train(const std::vector<std::string>& arguments) {
  Options options;
  const std::vector<Field> fields = fields_of(options);
  const TypedArguments typed = parse_arguments(arguments, fields);
  if (!typed.positional.empty()) {
    throw Error(ErrorKind::kUsage, message("train takes no argument, found \"", typed.positional[0],
                                           "\"; the data set is named with --data"));
  }
  std::string origin;
  const KeyValues base = options_of_run(typed, origin);
  apply_in_order(fields, typed, base, origin);
  set_log_level(options.global.quiet ? LogLevel::kQuiet : LogLevel::kNormal);

  const TrainSummary summary = run_training(options.train);
  if (options.global.json) print_json(summary);
  if (!summary.complete && stop_signal() != 0) {
    log_info(message("stopped after step ", summary.steps,
                     "; go on with: solstice train --resume --out ", options.train.run.out));
    return 128 + stop_signal();
  }
  log_info(message(summary.steps, summary.steps == 1 ? " step done (" : " steps done (",
                   summary.steps - summary.first_step, " in ", format_duration(summary.seconds),
                   "); model: ", summary.model));
  return summary.bad_files > 0 ? kSomeFailed : kDone;
}

}  // namespace solstice
