#include "training/run_training.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"
#include "core/options_json.h"
#include "core/rng.h"
#include "core/stop.h"
#include "data/loader.h"
#include "image/codec.h"
#include "inference/device.h"
#include "inference/model_file.h"
#include "models/networks/image_module.h"
#include "models/trainers/adam.h"
#include "training/checkpoint.h"
#include "training/run_directory.h"
#include "training/sample_grid.h"
#include "training/schedule.h"

namespace solstice {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

/// What the generator of weights is seeded with is kept apart from what the steps draw.
constexpr uint64_t kStepKey = 0x57e9;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// One training run: the loop, and what it keeps between steps. The loop knows no loss by name.
class TrainingRun {
 public:
  explicit TrainingRun(const TrainOptions& options);
  TrainSummary run();

 private:
  void open_data();
  void build_trainer();
  void begin_or_resume();
  void set_rate(int64_t step);
  void take_step(Loader& loader);
  void log_step(const Loader& loader, const LossReport& report, int64_t batch_size);
  void write_samples();
  void write_model();
  void write_checkpoint();
  int64_t last_step() const;
  int64_t epoch_of(int64_t step) const { return (step - 1) / steps_per_epoch_ + 1; }
  std::string progress_line() const;

  TrainOptions options_;
  at::Device device_ = at::kCPU;
  std::unique_ptr<RunDirectory> directory_;
  OpenedDataset data_;
  std::unique_ptr<Trainer> trainer_;
  Batch samples_;
  TrainSummary summary_;
  int64_t steps_per_epoch_ = 1;
  int64_t saved_step_ = -1;
  Clock::time_point start_ = Clock::now();
  Clock::time_point logged_at_ = Clock::now();
  int64_t images_since_log_ = 0;
  double waited_at_log_ = 0;
  double images_per_second_ = 0;
};

TrainingRun::TrainingRun(const TrainOptions& options) : options_(options) {
  if (options_.run.out.empty()) {
    throw Error(ErrorKind::kUsage, "--out is missing: name a directory for the run");
  }
  if (options_.data.data.empty()) {
    throw Error(ErrorKind::kUsage, "--data is missing: name the data set's folder");
  }
  device_ = at::Device(open_device(options_.run.device));
  set_compute_threads(options_.run.threads);
}

void TrainingRun::open_data() {
  const TrainerRow& row = trainer_row(options_.trainer.kind);
  data_ = open_dataset(options_.data, "train", row.pairing);
  log_info(message(options_.data.data, ": ", data_.reading));
  for (const DataProblem& problem : data_.problems) {
    log_warning(problem.file + ": " + problem.what + "; left out");
  }
  summary_.bad_files = static_cast<int64_t>(data_.problems.size());
  const int64_t batch = options_.data.batch_size;
  steps_per_epoch_ = (data_.dataset->size() + batch - 1) / batch;
}

void TrainingRun::build_trainer() {
  at::manual_seed(static_cast<uint64_t>(options_.run.seed));
  trainer_ = make_trainer(options_.trainer);
  for (const NamedNetwork& named : trainer_->networks()) named.network->to(device_);
  std::string sizes;
  for (const NamedNetwork& named : trainer_->networks()) {
    const auto parameters = static_cast<double>(count_parameters(*named.network));
    char text[64];
    std::snprintf(text, sizeof text, "%s%s %.2f M", sizes.empty() ? "" : ", ", named.name.c_str(),
                  parameters / 1e6);
    sizes += text;
  }
  log_info(message(options_.trainer.kind, " on ", device_.str(), ": ", sizes, " parameters; ",
                   steps_per_epoch_, " steps an epoch, ", last_step(), " steps in all"));
}

int64_t TrainingRun::last_step() const {
  const int64_t all = steps_per_epoch_ * (options_.run.epochs + options_.run.epochs_decay);
  return options_.run.steps > 0 ? std::min(options_.run.steps, all) : all;
}

void TrainingRun::begin_or_resume() {
  const auto checkpoint = directory_->latest_checkpoint();
  if (options_.run.resume && checkpoint) {
    summary_.first_step = load_checkpoint(*checkpoint, *trainer_, options_);
    log_info(message("going on from step ", summary_.first_step));
  }
  summary_.steps = summary_.first_step;
  saved_step_ = summary_.first_step > 0 ? summary_.first_step : -1;
  directory_->clean(summary_.first_step);
  write_file_atomically(directory_->options_file(), write_ini(fields_of(options_)));
}

void TrainingRun::set_rate(int64_t step) {
  const double rate = options_.trainer.lr * linear_rate_factor(epoch_of(step), options_.run.epochs,
                                                               options_.run.epochs_decay);
  for (const NamedOptimizer& named : trainer_->optimizers()) named.optimizer->set_lr(rate);
}

void TrainingRun::take_step(Loader& loader) {
  const int64_t step = summary_.steps + 1;
  Batch batch = loader.next();
  batch.input = batch.input.to(device_, /*non_blocking=*/true);
  batch.target = batch.target.to(device_, /*non_blocking=*/true);
  // Dropout draws from torch's generator: seeded afresh for each step, it needs no saving.
  at::manual_seed(
      Rng({static_cast<uint64_t>(options_.run.seed), kStepKey, static_cast<uint64_t>(step)})
          .next());
  set_rate(step);
  const LossReport report = trainer_->step(batch);
  summary_.steps = step;
  summary_.epoch = epoch_of(step);
  images_since_log_ += batch.input.size(0);
  const bool last = step == last_step();
  if (step % options_.run.log_every == 0 || last || step == 1) {
    log_step(loader, report, batch.input.size(0));
  }
}

void TrainingRun::log_step(const Loader& loader, const LossReport& report, int64_t batch_size) {
  const double seconds = seconds_since(logged_at_);
  images_per_second_ = static_cast<double>(images_since_log_) / seconds;
  Json line = {{"step", summary_.steps},
               {"epoch", summary_.epoch},
               {"lr", trainer_->optimizers().front().optimizer->lr()},
               {"batch", batch_size}};
  for (const auto& [name, value] : report) {
    const double number = value.item<double>();
    if (!std::isfinite(number)) {
      throw Error(ErrorKind::kRun, message("step ", summary_.steps, ": loss ", name,
                                           " is no number any more; lower --lr"
                                           " and go on with --resume from the last checkpoint"));
    }
    line[name] = number;
    summary_.losses[name] = number;
  }
  line["images_per_second"] = images_per_second_;
  line["data_wait"] = (loader.waited_seconds() - waited_at_log_) / seconds;
  directory_->append_log(line);
  logged_at_ = Clock::now();
  images_since_log_ = 0;
  waited_at_log_ = loader.waited_seconds();
  if (!stderr_is_terminal()) log_info(progress_line());
}

std::string TrainingRun::progress_line() const {
  std::string losses;
  for (const auto& [name, value] : summary_.losses) {
    char text[48];
    std::snprintf(text, sizeof text, "  %s %.3f", name.c_str(), value);
    losses += text;
  }
  char rate[48];
  std::snprintf(rate, sizeof rate, "  %.2f images/s", images_per_second_);
  const auto left = static_cast<double>((last_step() - summary_.steps) * options_.data.batch_size);
  const double eta = images_per_second_ > 0 ? left / images_per_second_ : NAN;
  return message("step ", summary_.steps, "/", last_step(), "  epoch ", summary_.epoch, losses,
                 rate, "  ETA ", format_duration(eta));
}

void TrainingRun::write_samples() {
  if (!samples_.input.defined()) return;
  const cv::Mat grid = sample_grid(trainer_->sample(samples_));
  save_image(directory_->sample_file(summary_.steps).string(), Image{grid, {}});
}

void TrainingRun::write_model() {
  ModelMetadata metadata;
  metadata.task = options_.trainer.kind;
  metadata.recipe = fs::path(options_.run.recipe).stem().string();
  metadata.direction = name_of(options_.data.direction);
  metadata.generator = options_.trainer.generator;
  metadata.preprocess = {{"mode", name_of(options_.data.preprocess)},
                         {"load_size", options_.data.load_size},
                         {"crop_size", options_.data.crop_size}};
  metadata.training = {{"steps", summary_.steps}, {"seed", options_.run.seed}};
  TensorList tensors;
  for (const auto& [network, prefix] : trainer_->exported()) {
    for (const NamedNetwork& named : trainer_->networks()) {
      if (named.name != network) continue;
      for (auto& [name, tensor] : state_of(*named.network)) {
        tensors.emplace_back(prefix + name, tensor.to(at::kCPU));
      }
    }
  }
  save_model(directory_->model_file().string(), metadata, std::move(tensors));
}

void TrainingRun::write_checkpoint() {
  if (saved_step_ == summary_.steps) return;
  // The model first: killed in between, the run resumes from the older checkpoint and writes both.
  write_model();
  save_checkpoint(*directory_, summary_.steps, *trainer_, options_);
  saved_step_ = summary_.steps;
}

TrainSummary TrainingRun::run() {
  // Data first: a folder that cannot be used should not leave a run directory behind.
  open_data();
  directory_ = std::make_unique<RunDirectory>(options_.run.out);
  if (directory_->has_run() && !options_.run.resume) {
    throw Error(ErrorKind::kUsage, message(options_.run.out,
                                           ": holds a run already; --resume goes on"
                                           " with it, another --out starts anew"));
  }
  build_trainer();
  begin_or_resume();
  samples_ =
      choose_samples(options_.data, static_cast<uint64_t>(options_.run.seed), *data_.dataset);
  if (samples_.input.defined()) {
    samples_.input = samples_.input.to(device_);
    samples_.target = samples_.target.to(device_);
  }
  Loader loader(*data_.dataset, options_.data, static_cast<uint64_t>(options_.run.seed),
                summary_.steps, options_.run.workers, /*ahead=*/4);
  start_ = logged_at_ = Clock::now();
  while (summary_.steps < last_step() && stop_signal() == 0) {
    take_step(loader);
    show_progress(progress_line());
    const int64_t every = options_.run.sample_every;
    if (every > 0 && (summary_.steps % every == 0 || summary_.steps == last_step()))
      write_samples();
    if (summary_.steps % options_.run.checkpoint_every == 0) write_checkpoint();
  }
  clear_progress();
  if (summary_.steps > 0) write_checkpoint();
  for (const DataProblem& problem : loader.failures()) {
    log_warning(problem.file + ": " + problem.what + "; replaced by another sample");
    ++summary_.bad_files;
  }
  summary_.seconds = seconds_since(start_);
  summary_.complete = summary_.steps >= last_step();
  summary_.model = directory_->model_file().string();
  return summary_;
}

}  // namespace

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
