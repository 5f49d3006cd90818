#include "training/run_training.h"

#include <ATen/ATen.h>

#include <chrono>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"
#include "core/options_json.h"
#include "core/rng.h"
#include "core/stop.h"
#include "inference/device.h"
#include "models/networks/image_module.h"
#include "models/trainers/adam.h"
#include "training/sample_grid.h"
#include "training/training_checks.h"
#include "training/training_data_report.h"
#include "training/training_run.h"
#include "training/transfers.h"
#include "training/warm_start.h"

namespace solstice {
namespace {

using Clock = std::chrono::steady_clock;

/// What the generator of weights is seeded with is kept apart from what the steps draw.
constexpr uint64_t kStepKey = 0x57e9;

}  // namespace

TrainingRun::TrainingRun(const TrainOptions& options) : options_(options) {
  options_.data.scale = options_.trainer.generator.scale;
  check_options_fit(options_);
  metric_ = best_metric(options_.validation, trainer_row(options_.trainer.kind));
  plateau_ = Plateau(better_of(metric_));
  device_ = at::Device(open_device(options_.run.device));
  set_compute_threads(options_.run.threads);
}

void TrainingRun::open_data() {
  data_ = open_and_report(options_, reported_);
  summary_.bad_files = static_cast<int64_t>(reported_.size());
  check_validation_is_there(options_, metric_, data_.validation.dataset != nullptr);
  const int64_t batch = options_.data.batch_size;
  batches_per_epoch_ = (data_.training.dataset->size() + batch - 1) / batch;
}

void TrainingRun::open_directory() {
  directory_ = std::make_unique<RunDirectory>(options_.run.out);
  if (directory_->has_run() && !options_.run.resume) {
    throw Error(ErrorKind::kUsage, message(options_.run.out,
                                           ": holds a run already; --resume goes on"
                                           " with it, another --out starts anew"));
  }
}

void TrainingRun::build_trainer() {
  at::manual_seed(static_cast<uint64_t>(options_.run.seed));
  trainer_ = make_trainer(options_.trainer);
  for (const NamedNetwork& named : trainer_->networks()) named.network->to(device_);
  if (options_.run.ema > 0) average_.emplace(*trainer_, options_.run.ema);
  log_info(message(options_.trainer.kind, " on ", device_.str(), ": ", parameter_counts(*trainer_),
                   "; ", batches_per_epoch_, " batches an epoch, ", last_step(), " steps in all"));
}

int64_t TrainingRun::scheduled_steps() const {
  const ScheduleOptions& schedule = options_.run.schedule;
  const int64_t batches = batches_per_epoch_ * (schedule.epochs + schedule.epochs_decay);
  return (batches + options_.run.accumulate - 1) / options_.run.accumulate;
}

int64_t TrainingRun::last_step() const {
  const int64_t all = scheduled_steps();
  return options_.run.steps > 0 ? std::min(options_.run.steps, all) : all;
}

void TrainingRun::begin_or_resume() {
  const auto checkpoint = latest_checkpoint(directory_->path());
  if (options_.run.resume && checkpoint) {
    const Progress progress = load_checkpoint(*checkpoint, *trainer_, options_);
    nan_watch_.set_state(progress.nan);
    plateau_.set_state(progress.plateau);
    best_ = progress.best;
    metrics_ = progress.metrics;
    if (average_) average_->load_state(progress.average, checkpoint->string());
    summary_.first_step = progress.step;
    log_info(message("going on from step ", summary_.first_step));
  } else if (!options_.run.init_from.empty()) {
    begin_from_other_weights();
  }
  summary_.steps = summary_.first_step;
  saved_step_ = summary_.first_step > 0 ? summary_.first_step : -1;
  directory_->clean(summary_.first_step);
  write_file_atomically(directory_->options_file(), write_ini(fields_of(options_)));
  log_.emplace(*directory_, options_.run.tensorboard, summary_.first_step);
}

void TrainingRun::begin_from_other_weights() {
  for (const WarmStart& start : warm_start(*trainer_, options_.run.init_from)) {
    start.is_poor() ? log_warning(start.describe()) : log_info(start.describe());
  }
  if (average_) average_.emplace(*trainer_, options_.run.ema);
}

void TrainingRun::set_rates(int64_t step) {
  const ScheduleOptions& schedule = options_.run.schedule;
  const double planned = schedule.schedule == Schedule::kOneCycle
                             ? one_cycle_factor(step, scheduled_steps())
                             : rate_factor(schedule, epoch_of(step));
  const double factor = planned * nan_watch_.state().rate_factor * plateau_.factor();
  for (const NamedOptimizer& named : trainer_->optimizers()) {
    named.optimizer->set_lr(named.lr * factor);
  }
}

std::vector<Batch> TrainingRun::next_batches(Loader& loader) {
  std::vector<Batch> batches;
  for (int64_t i = 0; i < options_.run.accumulate; ++i) {
    batches.push_back(to_device(loader.next(), device_));
  }
  return batches;
}

void TrainingRun::take_step(Loader& loader) {
  const int64_t step = summary_.steps + 1;
  const std::vector<Batch> batches = next_batches(loader);
  // Dropout and the pools draw from torch's generator: seeded afresh for each step, it needs no
  // saving.
  at::manual_seed(
      Rng({static_cast<uint64_t>(options_.run.seed), kStepKey, static_cast<uint64_t>(step)})
          .next());
  set_rates(step);
  const StepReport report = trainer_->step(batches);
  if (average_) average_->update(report.undone);
  summary_.steps = step;
  summary_.epoch = epoch_of(step);
  int64_t images = 0;
  for (const Batch& batch : batches) images += batch.input.size(0);
  log_->add(report, images);
  const bool log_due = is_due(options_.run.log_every) || step == 1;
  // To look means to wait for the device: on an accelerator only when a line is due.
  if (!log_due && !device_.is_cpu()) return;
  const Reading reading = log_->read();
  if (log_due) write_log_line(reading, loader);
  answer_trouble(reading);
}

bool TrainingRun::is_due(int64_t every) const {
  return every > 0 && (summary_.steps % every == 0 || summary_.steps == last_step());
}

/// Not where --steps cuts a run: what a validation decides must not depend on where that was.
bool TrainingRun::validation_is_due() const {
  const int64_t every = options_.validation.validate_every;
  if (data_.validation.dataset == nullptr || every == 0) return false;
  return summary_.steps % every == 0 || summary_.steps == scheduled_steps();
}

bool TrainingRun::is_finished() const {
  const int64_t patience = options_.validation.early_stop;
  return summary_.steps >= last_step() || (patience > 0 && best_.validations_since >= patience);
}

TrainSummary TrainingRun::run() {
  // What cannot be used should not leave a run directory behind.
  open_data();
  build_trainer();
  open_directory();
  begin_or_resume();
  const Clock::time_point start = Clock::now();
  const Dataset* held_out = data_.validation.dataset.get();
  samples_ = choose_samples(options_.data, *data_.training.dataset, held_out);
  samples_ = to_device(samples_, device_);
  Loader loader(*data_.training.dataset, options_.data, static_cast<uint64_t>(options_.run.seed),
                summary_.steps * options_.run.accumulate, options_.run.workers, /*ahead=*/4);
  while (!is_finished() && stop_signal() == 0) {
    take_step(loader);
    show_progress(progress_line());
    if (validation_is_due()) validate_now();
    if (is_due(options_.run.sample_every)) write_samples();
    if (summary_.steps % options_.run.checkpoint_every == 0) write_checkpoint();
  }
  clear_progress();
  if (summary_.steps > 0) write_checkpoint();
  for (const DataProblem& problem : loader.failures()) {
    if (!reported_.insert(problem.what).second) continue;
    log_warning(problem.what + "; replaced by another sample");
    ++summary_.bad_files;
  }
  summary_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  summary_.complete = is_finished();
  summary_.model = directory_->model_file().string();
  return summary_;
}

TrainSummary run_training(const TrainOptions& options) {
  try {
    TrainingRun run(options);
    return run.run();
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kRun, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kDevice, "not enough memory; lower --batch-size, --crop-size or --ngf");
  }
}

}  // namespace solstice
