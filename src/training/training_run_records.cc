#include <cmath>

#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "image/codec.h"
#include "models/trainers/adam.h"
#include "training/exported_model.h"
#include "training/report_page.h"
#include "training/sample_grid.h"
#include "training/training_run.h"
#include "training/validation.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

/// printf of one number.
std::string rounded(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string fixed_numbers(const std::map<std::string, double>& numbers) {
  std::string text;
  for (const auto& [name, value] : numbers) text += message("  ", name, rounded(" %.3f", value));
  return text;
}

}  // namespace

void TrainingRun::answer_trouble(const Reading& reading) {
  const NanWatch::Answer answer = nan_watch_.look(reading.bad, reading.steps);
  if (answer == NanWatch::Answer::kNothing) return;
  std::string action = "step undone";
  if (answer == NanWatch::Answer::kRateLowered) action += ", learning rate halved";
  log_->write_event("nan", summary_.steps,
                    {{"what", reading.trouble()}, {"undone", reading.bad}, {"action", action}});
  const std::string what = message("step ", summary_.steps, ": ", reading.trouble());
  log_warning(message(what, "; ", action));
  const bool stop = options_.run.on_nan == OnNan::kStop;
  if (!stop && answer != NanWatch::Answer::kGiveUp) return;
  write_checkpoint();
  throw Error(ErrorKind::kRun,
              message(what, stop ? " (--on-nan stop)" : ", and a lower rate did not help",
                      "; the step was undone and the run saved. Lower --lr or set --clip-grad in a "
                      "new run with --init-from ",
                      options_.run.out, ", or go on with --resume"));
}

void TrainingRun::write_log_line(const Reading& reading, const Loader& loader) {
  Json facts = {{"step", summary_.steps}, {"epoch", summary_.epoch}};
  for (const NamedOptimizer& named : trainer_->optimizers()) {
    const double lr = named.optimizer->lr();
    if (!facts.contains("lr")) {
      facts["lr"] = lr;
    } else if (lr != facts["lr"]) {
      facts[message("lr_", named.name)] = lr;
    }
  }
  facts["batch"] = options_.data.batch_size * options_.run.accumulate;
  log_->write(std::move(facts), reading, loader.waited_seconds());
  for (const auto& [name, value] : reading.losses) summary_.losses[name] = value;
  if (!stderr_is_terminal()) log_info(progress_line());
}

std::string TrainingRun::progress_line() const {
  const auto left = static_cast<double>((last_step() - summary_.steps) * options_.data.batch_size *
                                        options_.run.accumulate);
  const double speed = log_->images_per_second();
  return message("step ", summary_.steps, "/", last_step(), "  epoch ", summary_.epoch,
                 fixed_numbers(summary_.losses), rounded("  %.2f images/s", speed), "  ETA ",
                 format_duration(speed > 0 ? left / speed : NAN));
}

void TrainingRun::validate_now() {
  const AverageInPlace average(average_ ? &*average_ : nullptr);
  metrics_ = validate(*trainer_, *data_.validation.dataset, options_.data.inputs, device_);
  Json facts = metrics_;
  std::string line = message("step ", summary_.steps, ": validation");
  for (const auto& [name, value] : metrics_.items()) {
    line += message("  ", name, rounded(" %.4g", value.get<double>()));
  }
  if (!metric_.empty() && metrics_.contains(metric_)) {
    const double value = metrics_[metric_];
    plateau_.look(value);
    const bool best = best_.look(value, summary_.steps, better_of(metric_));
    facts["best"] = best;
    if (best) {
      line += message(": best ", metric_, " so far");
      write_exported_model(directory_->best_file().string(), *trainer_, options_, summary_.steps,
                           metrics_);
    }
  }
  log_->write_event("validation", summary_.steps, facts);
  clear_progress();
  log_info(line);
}

void TrainingRun::write_samples() {
  if (!samples_.input.defined()) return;
  const AverageInPlace average(average_ ? &*average_ : nullptr);
  const cv::Mat grid = sample_grid(trainer_->sample(samples_), options_.data.inputs);
  const std::string file = directory_->sample_file(summary_.steps).string();
  save_image(file, Image{grid, {}});
  log_->write_samples(summary_.steps, file, grid.size());
}

void TrainingRun::write_checkpoint() {
  if (saved_step_ == summary_.steps) return;
  // The model first: killed in between, the run resumes from the older checkpoint and writes both.
  {
    const AverageInPlace average(average_ ? &*average_ : nullptr);
    write_exported_model(directory_->model_file().string(), *trainer_, options_, summary_.steps,
                         metrics_);
  }
  Progress progress{summary_.steps, nan_watch_.state(), plateau_.state(), best_, metrics_, {}};
  if (average_) progress.average = average_->state();
  save_checkpoint(*directory_, progress, *trainer_, options_);
  saved_step_ = summary_.steps;
  log_->flush();
  write_report_page(directory_->path());
}

}  // namespace solstice
