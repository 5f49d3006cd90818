#include <charconv>

#include "core/error.h"
#include "core/message.h"
#include "pipelines/evaluate_flow.h"

namespace solstice {
namespace {

void check_folders(const EvaluateOptions& options, const std::string& model) {
  if (options.images.empty() || options.truth.empty()) {
    throw Error(ErrorKind::kUsage, message(options.images.empty() ? "--images" : "--truth",
                                           " is missing: --images DIR --truth DIR go together"));
  }
  if (!model.empty() || !options.data.empty()) {
    throw Error(ErrorKind::kUsage,
                "--images and --truth compare images that are there, --model and --data make them: "
                "name one of the two pairs");
  }
  if (!options.split.empty() || !options.pairs.empty() ||
      options.inputs != EvaluationInputs::kAuto) {
    throw Error(ErrorKind::kUsage, "--split, --pairs and --inputs belong to --data");
  }
}

void check_data(const EvaluateOptions& options, const std::string& model) {
  if (options.data.empty()) {
    throw Error(ErrorKind::kUsage,
                model.empty() ? "nothing to do: name two folders with --images and --truth, or a "
                                "model and a data set with --model and --data"
                              : "--data is missing: name the data set that the model is tried on");
  }
  if (options.inputs == EvaluationInputs::kShrunk && model.empty() && options.scale < 2) {
    throw Error(ErrorKind::kUsage, "--inputs shrunk without a model needs --scale 2 or more");
  }
}

}  // namespace

int border_of(const EvaluateOptions& options, int scale) {
  const std::string& text = options.border;
  if (text == "auto") return scale > 1 ? scale : 0;
  int border = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), border);
  if (code != std::errc() || end != text.data() + text.size() || border < 0 || border > 10'000) {
    throw Error(ErrorKind::kUsage,
                message("--border: found \"", text, "\", expected auto or pixels, 0 to 10000"));
  }
  return border;
}

void check_options(const EvaluateOptions& options, const std::string& model,
                   const std::string& features) {
  const ChosenMetrics metrics = choose_metrics(options.metrics);
  if (!options.images.empty() || !options.truth.empty()) {
    check_folders(options, model);
  } else {
    check_data(options, model);
  }
  border_of(options, 1);
  if (metrics.of_sets.empty() && !features.empty()) {
    throw Error(ErrorKind::kUsage,
                "--features is for the metrics kid and fid; --metrics names neither");
  }
  if (!metrics.of_sets.empty() && features.empty()) {
    throw Error(ErrorKind::kUsage, message("--metrics ", metrics.of_sets[0],
                                           " needs --features FILE: the TorchScript ",
                                           "file of the network whose features are compared"));
  }
  if (!metrics.needs_pairs() && !options.difference.empty()) {
    throw Error(ErrorKind::kUsage, "--difference needs a metric that compares pairs, such as psnr");
  }
}

}  // namespace solstice
