#include "training/step_log.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/files.h"
#include "core/message.h"
#include "training/transfers.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

/// JSON has no NaN.
Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace

std::string Reading::trouble() const {
  for (const auto& [name, value] : losses) {
    if (!std::isfinite(value)) return message("loss ", name, " is no number");
  }
  return "a gradient is no number";
}

StepLog::StepLog(RunDirectory& run, bool tensorboard, int64_t first_step) : run_(run) {
  if (!tensorboard) return;
  events_.emplace(run.path() / "tensorboard");
  if (first_step > 0) events_->restart_at(first_step + 1);
}

void StepLog::add(const StepReport& report, int64_t images) {
  last_ = report;
  bad_ = bad_.defined() ? bad_ + report.trouble : report.trouble;
  ++steps_;
  images_ += images;
}

Reading StepLog::read() {
  NamedScalars scalars{{"bad", bad_}};
  scalars.insert(scalars.end(), last_.losses.begin(), last_.losses.end());
  scalars.insert(scalars.end(), last_.gradient_norms.begin(), last_.gradient_norms.end());
  const auto values = read_scalars(scalars);
  const auto norms = values.begin() + 1 + static_cast<std::ptrdiff_t>(last_.losses.size());
  Reading reading;
  reading.bad = std::llround(values.front().second);
  reading.steps = steps_;
  reading.losses.assign(values.begin() + 1, norms);
  reading.gradient_norms.assign(norms, values.end());
  bad_ = at::Tensor();
  steps_ = 0;
  return reading;
}

void StepLog::write(Json facts, const Reading& reading, double waited) {
  const double seconds = std::chrono::duration<double>(Clock::now() - written_).count();
  images_per_second_ = static_cast<double>(images_) / seconds;
  for (const auto& [name, value] : reading.losses) facts[name] = number_or_null(value);
  for (const auto& [name, value] : reading.gradient_norms) {
    facts[message("grad_norm_", name)] = number_or_null(value);
  }
  facts["images_per_second"] = images_per_second_;
  facts["data_wait"] = (waited - waited_) / seconds;
  run_.append_log(facts);
  const int64_t step = facts["step"];
  add_scalars(step, "loss", reading.losses);
  add_scalars(step, "gradient_norm", reading.gradient_norms);
  add_scalars(step, "run",
              {{"lr", facts["lr"]},
               {"images_per_second", images_per_second_},
               {"data_wait", facts["data_wait"]}});
  written_ = Clock::now();
  waited_ = waited;
  images_ = 0;
}

void StepLog::write_event(const std::string& event, int64_t step, const Json& facts) {
  Json line = {{"step", step}, {"event", event}};
  std::vector<std::pair<std::string, double>> numbers;
  for (const auto& [name, value] : facts.items()) {
    line[name] = value;
    if (value.is_number_float()) numbers.emplace_back(name, value.get<double>());
  }
  run_.append_log(line);
  add_scalars(step, event, numbers);
}

void StepLog::write_samples(int64_t step, const std::string& png_file, cv::Size size) {
  if (events_) events_->add_image("samples", step, size.width, size.height, read_file(png_file));
}

void StepLog::add_scalars(int64_t step, const std::string& group,
                          const std::vector<std::pair<std::string, double>>& values) {
  if (!events_) return;
  for (const auto& [name, value] : values) {
    events_->add_scalar(message(group, "/", name), step, static_cast<float>(value));
  }
}

void StepLog::flush() {
  if (events_) events_->flush();
}

}  // namespace solstice
