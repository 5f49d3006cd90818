#include "training/training_data_report.h"

#include "core/log.h"
#include "core/message.h"
#include "data/file_datasets.h"
#include "data/image_review.h"
#include "models/networks/image_module.h"

namespace solstice {
namespace {

/// A start must not take long, however many images there are.
constexpr double kReviewSeconds = 2;

void report(const std::string& line, std::set<std::string>& reported) {
  if (reported.insert(line).second) log_warning(line + "; left out");
}

}  // namespace

TrainingData open_and_report(const TrainOptions& options, std::set<std::string>& reported) {
  const Pairing pairing = trainer_row(options.trainer.kind).pairing;
  TrainingData data =
      open_training_data(options.data, pairing, static_cast<uint64_t>(options.run.seed));
  log_info(message(options.data.data, ": ", data.training.reading));
  if (data.validation.dataset) log_info("validation: " + data.validation.reading);
  const GeneratorOptions& generator = options.trainer.generator;
  const GeneratorRow& row = generator_row(generator.kind);
  // Samples are as large as targets.
  const int64_t scale = row.largest_scale > 1 ? options.data.scale : 1;
  const int64_t multiple = row.size_multiple(generator) * scale;
  for (const OpenedDataset* part : {&data.training, &data.validation}) {
    for (const DataProblem& problem : part->problems) {
      report(problem.file + ": " + problem.what, reported);
    }
    require_sides(*part, multiple, generator.kind);
  }
  const ImageReview review =
      review_images(*data.training.dataset, options.run.workers, kReviewSeconds);
  for (const DataProblem& problem : review.problems) report(problem.what, reported);
  if (review.looked_at < data.training.dataset->size()) {
    log_info(message("looked into ", review.looked_at, " of ", data.training.dataset->size(),
                     " samples; the rest is checked as it is loaded"));
  }
  // Now that every image was counted once.
  if (options.data.repeat > 1) {
    data.training.dataset = make_repeated(std::move(data.training.dataset), options.data.repeat);
  }
  return data;
}

std::string parameter_counts(Trainer& trainer) {
  std::string counts;
  for (const NamedNetwork& named : trainer.networks()) {
    char text[64];
    std::snprintf(text, sizeof text, "%s%s %.2f M", counts.empty() ? "" : ", ", named.name.c_str(),
                  static_cast<double>(count_parameters(*named.network)) / 1e6);
    counts += text;
  }
  return counts + " parameters";
}

}  // namespace solstice
