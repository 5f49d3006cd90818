#include "training/validation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "metrics/metrics.h"
#include "training/pictures.h"
#include "training/transfers.h"

namespace solstice {
namespace {

std::string joined(std::string_view group, std::string_view metric) {
  return group.empty() ? std::string(metric) : message(group, "_", metric);
}

struct Sum {
  double total = 0;
  int64_t count = 0;
};

/// Images too small for a metric have none.
double value_or_nan(const MetricRow& row, const cv::Mat& made, const cv::Mat& wanted) {
  try {
    return row.compute(made, wanted);
  } catch (const Error&) {
    return std::numeric_limits<double>::quiet_NaN();
  }
}

void add_metrics(const Comparison& comparison, const at::Tensor& input, Inputs inputs,
                 std::map<std::string, Sum>& sums) {
  for (int64_t i = 0; i < comparison.image.size(0); ++i) {
    const cv::Mat made = picture_of(comparison.image[i], input[i], inputs);
    const cv::Mat wanted = picture_of(comparison.truth[i], input[i], inputs);
    for (const MetricRow& row : metric_table()) {
      const double value = value_or_nan(row, made, wanted);
      // Equal images have no finite PSNR; one of them must not hide the rest.
      if (!std::isfinite(value)) continue;
      Sum& sum = sums[joined(comparison.name, row.name)];
      sum.total += value;
      ++sum.count;
    }
  }
}

}  // namespace

nlohmann::ordered_json validate(Trainer& trainer, const Dataset& held_out, Inputs inputs,
                                at::Device device) {
  std::map<std::string, Sum> sums;
  for (int64_t index = 0; index < held_out.size(); ++index) {
    std::vector<Sample> sample;
    try {
      sample.push_back(held_out.get_centre(index));
    } catch (const Error& error) {
      log_warning(message(error.what(), "; left out of the validation"));
      continue;
    }
    const Batch batch = to_device(collate(sample, held_out.pairing()), device);
    for (const Comparison& comparison : trainer.compare(batch)) {
      add_metrics(comparison, batch.input, inputs, sums);
    }
  }
  if (sums.empty()) {
    throw Error(ErrorKind::kInput, "not one image of the validation set can be read");
  }
  auto means = nlohmann::ordered_json::object();
  for (const auto& [name, sum] : sums) means[name] = sum.total / static_cast<double>(sum.count);
  return means;
}

std::string best_metric(const ValidationOptions& options, const TrainerRow& row) {
  if (options.best_metric == "none") return {};
  if (options.best_metric == "auto") return std::string(row.best_metric);
  std::vector<std::string> known;
  for (const MetricRow& metric : metric_table()) known.push_back(joined(row.compares, metric.name));
  if (std::find(known.begin(), known.end(), options.best_metric) != known.end()) {
    return options.best_metric;
  }
  throw Error(ErrorKind::kUsage, message("--best-metric: found \"", options.best_metric,
                                         "\", expected auto, none, ", join(known)));
}

Better better_of(const std::string& metric) {
  for (const MetricRow& row : metric_table()) {
    if (metric == row.name || metric.ends_with(message("_", row.name))) {
      return row.better;
    }
  }
  return Better::kLower;
}

bool BestSoFar::look(double now, int64_t at_step, Better better) {
  const bool improved = step == 0 || (better == Better::kLower ? now < value : now > value);
  if (!improved) {
    ++validations_since;
    return false;
  }
  value = now;
  step = at_step;
  validations_since = 0;
  return true;
}

}  // namespace solstice
