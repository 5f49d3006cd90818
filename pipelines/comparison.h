#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"
#include "pipelines/evaluate_plan.h"
#include "pipelines/pipeline.h"
#include "pipelines/scores.h"
#include "pipelines/translate_flow.h"

namespace solstice {

/// What the flow asks of a feature network: FeatureNetwork's promises, without its LibTorch.
struct FeatureModel {
  std::function<std::vector<float>(const Image&)> features;
  std::string name;
};

/// How everything of one run is compared; shared by its stages.
struct Protocol {
  const EvaluateOptions* options = nullptr;
  const ImageModel* model = nullptr;       ///< null: none
  const FeatureModel* features = nullptr;  ///< null: no set distance is wanted
  EvaluationInputs inputs = EvaluationInputs::kFiles;
  ChosenMetrics metrics;
  Channel channel = Channel::kRgb;  ///< never kAuto
  int scale = 1;                    ///< truths are cropped to a multiple of it
  int border = 0;
  std::vector<std::string> series;  ///< names of ComparedImages::candidates, then maybe "truth"

  /// "luma, not rounded; 2 pixels cut off all around".
  std::string describe() const;
};

/// Something that is held against the truth.
struct Candidate {
  cv::Mat pixels;         ///< colours, without alpha
  bool enlarged = false;  ///< by bicubic, of an input made from the truth: see compare() below
  std::vector<float> features;
};

/// One file on its way through decode, infer, features and compare.
struct ComparedImages : Item {
  explicit ComparedImages(EvaluationJob its_job) : job(std::move(its_job)) {}
  void discard() override;

  const EvaluationJob job;
  std::string image_bytes, truth_bytes;
  Image input;    ///< what the model is given
  cv::Mat truth;  ///< colours, without alpha, cropped to the scale; empty: there is none
  std::vector<Candidate> candidates;
  std::vector<float> truth_features;
  std::vector<std::string> notes;  ///< what was settled to compare it at all, a line each
  FileScores result;
  std::string picture;  ///< JPEG for the page: result, truth, difference
};

/// Reads a job's files and says what they take. Settled when that failed.
std::unique_ptr<ComparedImages> read_comparison(const EvaluationJob& job, const Protocol& protocol);

/// decode, infer, features, compare: those that are needed. `protocol` must outlive them.
std::vector<Stage> comparison_stages(const Protocol& protocol);

/// Series, in the order of ComparedImages::candidates, of a run: the model or the images, the
/// baseline and (colorfulness) the truth.
std::vector<std::string> series_of(const Protocol& protocol);

/// The numbers of one file. Published figures of bicubic are those of the luma alone, rounded,
/// shrunk without rounding and enlarged to whole levels: so is an `enlarged` candidate compared
/// where the channel is luma. NaN for a metric that needs a larger image, where another metric does
/// not. Throws Error(kInput) for what cannot be compared.
std::vector<std::vector<double>> compare(const ComparedImages& comparison,
                                         const Protocol& protocol);

/// How many bytes of the failure are the name of one of the files, which may have several lines.
size_t leading_name(const ComparedImages& comparison);

/// Notes the metrics that compare() left NaN because of the size.
void note_missing_scores(ComparedImages& comparison, const Protocol& protocol);

/// "is 128x128, the truth 256x256: ..." with a likely reason; empty when the sizes are equal. The
/// truth was cropped to a multiple of `scale`.
std::string size_problem(cv::Size result, cv::Size truth, int scale = 1);

/// Result, truth and kDifferenceGain times their absolute difference side by side, 8-bit RGB.
inline constexpr int kDifferenceGain = 8;
cv::Mat difference_picture(const cv::Mat& result, const cv::Mat& truth);

/// Where --difference puts the picture of a job. Never outside that folder.
fs::path difference_file(const EvaluationJob& job, const EvaluateOptions& options);

}  // namespace solstice
