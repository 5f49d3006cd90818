#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "image/imresize.h"
#include "metrics/colorfulness.h"
#include "metrics/luma.h"
#include "pipelines/comparison.h"

namespace solstice {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int kPanelGap = 8;
constexpr int kNearlyEqual = 64;  ///< pixels: sides that a scale may have cropped

struct Planes {
  cv::Mat candidate, truth;
};

cv::Mat colours_of(const cv::Mat& pixels) {
  if (pixels.channels() == 3) return pixels;
  cv::Mat rgb;
  cv::cvtColor(pixels, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

/// Grey images are compared as they are, whatever the channel, as in MATLAB and BasicSR.
Planes planes_of(const cv::Mat& candidate, const cv::Mat& truth, Channel channel) {
  if (candidate.channels() == 1 && truth.channels() == 1) return {candidate, truth};
  if (channel == Channel::kY) return {luma(candidate), luma(truth)};
  if (channel == Channel::kY8) return {rounded_luma(candidate), rounded_luma(truth)};
  return {colours_of(candidate), colours_of(truth)};
}

/// As the published figures of bicubic have it.
Planes enlarged_luma(const cv::Mat& truth, int scale) {
  const cv::Mat whole = truth.channels() == 1 ? truth : rounded_luma(truth);
  cv::Mat exact;
  whole.convertTo(exact, CV_32F, whole.depth() == CV_16U ? 1 / 257.0 : 1);
  const cv::Mat enlarged = imresize(imresize(exact, truth.size() / scale), truth.size());
  cv::Mat rounded(truth.size(), CV_8U);
  for (int y = 0; y < rounded.rows; ++y) {
    for (int x = 0; x < rounded.cols; ++x) {
      rounded.at<uchar>(y, x) =
          cv::saturate_cast<uchar>(std::floor(enlarged.at<float>(y, x) + 0.5));
    }
  }
  return {rounded, whole};
}

std::vector<double> scores_of(const Candidate& candidate, const cv::Mat& truth,
                              const Protocol& protocol) {
  Planes planes;
  if (protocol.metrics.needs_pairs()) {
    planes = candidate.enlarged && protocol.channel != Channel::kRgb
                 ? enlarged_luma(truth, protocol.scale)
                 : planes_of(candidate.pixels, truth, protocol.channel);
    planes = {without_border(planes.candidate, protocol.border),
              without_border(planes.truth, protocol.border)};
  }
  const auto& metrics = protocol.metrics.of_files;
  const auto fits = [&](const FileMetric& metric) {
    return metric.row == nullptr ||
           std::min(planes.truth.cols, planes.truth.rows) >= metric.row->least_side;
  };
  // Where none fits, the first one says why.
  const bool any_fits = std::any_of(metrics.begin(), metrics.end(), fits);
  std::vector<double> scores;
  for (const FileMetric& metric : metrics) {
    scores.push_back(metric.row == nullptr ? colorfulness(candidate.pixels)
                     : any_fits && !fits(metric)
                         ? kNone
                         : metric.row->compute(planes.candidate, planes.truth));
  }
  return scores;
}

cv::Mat on_screen(const cv::Mat& pixels) {
  cv::Mat eight = pixels;
  if (pixels.depth() == CV_16U) pixels.convertTo(eight, CV_8U, 1 / 257.0);
  return colours_of(eight);
}

}  // namespace

std::string Protocol::describe() const {
  const std::string colours = channel == Channel::kRgb ? "RGB"
                              : channel == Channel::kY ? "luma (y), not rounded"
                                                       : "luma (y8), in whole levels";
  return message(
      colours,
      border > 0 ? message(", ", border, border == 1 ? " pixel" : " pixels", " cut off all around")
                 : "",
      scale > 1 ? message(", truths cropped to a multiple of ", scale) : "");
}

std::vector<std::vector<double>> compare(const ComparedImages& comparison,
                                         const Protocol& protocol) {
  const size_t metrics = protocol.metrics.of_files.size();
  std::vector<std::vector<double>> scores(protocol.series.size(),
                                          std::vector<double>(metrics, kNone));
  const auto& candidates = comparison.candidates;
  for (size_t i = 0; i < candidates.size(); ++i) {
    scores[i] = scores_of(candidates[i], comparison.truth, protocol);
  }
  if (comparison.truth.empty() || !protocol.metrics.has_colorfulness()) return scores;
  for (size_t m = 0; m < metrics; ++m) {
    if (protocol.metrics.of_files[m].row == nullptr) {
      scores.back()[m] = colorfulness(comparison.truth);
    }
  }
  return scores;
}

size_t leading_name(const ComparedImages& comparison) {
  for (const std::string& name : {comparison.job.image, comparison.job.truth}) {
    if (comparison.failure.starts_with(name + ": ")) return name.size();
  }
  return 0;
}

void note_missing_scores(ComparedImages& comparison, const Protocol& protocol) {
  for (size_t m = 0; m < protocol.metrics.of_files.size(); ++m) {
    const MetricRow* row = protocol.metrics.of_files[m].row;
    if (row == nullptr || comparison.candidates.empty() ||
        !std::isnan(comparison.result.scores[0][m]))
      continue;
    comparison.notes.push_back(message("has no ", row->name, ", which needs sides of ",
                                       row->least_side, " or more; found ", comparison.truth.cols,
                                       "x", comparison.truth.rows,
                                       protocol.border > 0 ? " less the border" : ""));
  }
}

std::string size_problem(cv::Size result, cv::Size truth, int scale) {
  if (result == truth) return "";
  const std::string sizes = message("is ", result.width, "x", result.height, ", the truth ",
                                    truth.width, "x", truth.height);
  if (result == cv::Size(truth.height, truth.width)) return sizes + ": one is turned by a quarter";
  const auto times = [](cv::Size small, cv::Size large) {
    const int factor = large.width / small.width;
    return small * factor == large ? factor : 0;
  };
  if (const int factor = times(result, truth); factor > 1) {
    return message(sizes, ", ", factor, " times as large: was it enlarged at all? ",
                   "Name a model of scale ", factor, ", or compare the enlarged images");
  }
  if (const int factor = times(truth, result); factor > 1) {
    return message(sizes, ": the result is ", factor, " times as large; the scale does not fit");
  }
  const cv::Size more = truth - result;
  if (scale > 1 && more.width <= 0 && more.height <= 0 &&
      std::max(-more.width, -more.height) < scale) {
    return message(sizes, " once it is cropped to a multiple of --scale ", scale,
                   ": is that the scale of the results?");
  }
  if (more.width >= 0 && more.height >= 0 && std::max(more.width, more.height) < kNearlyEqual) {
    return message(sizes, ": with --scale N truths are cropped to a multiple of N, as papers do");
  }
  return sizes;
}

fs::path difference_file(const EvaluationJob& job, const EvaluateOptions& options) {
  const fs::path name = job.name;
  const bool leaves = name.is_absolute() || name.lexically_normal().begin()->string() == "..";
  fs::path file = fs::path(options.difference) / (leaves ? name.filename() : name);
  if (lower_extension(file) != ".png") file += ".png";
  return file;
}

cv::Mat difference_picture(const cv::Mat& result, const cv::Mat& truth) {
  const cv::Mat left = on_screen(result), middle = on_screen(truth);
  cv::Mat difference;
  cv::absdiff(left, middle, difference);
  difference *= kDifferenceGain;
  cv::Mat picture(left.rows, 3 * left.cols + 2 * kPanelGap, CV_8UC3, cv::Scalar::all(255));
  int x = 0;
  for (const cv::Mat& panel : {left, middle, difference}) {
    panel.copyTo(picture(cv::Rect(x, 0, panel.cols, panel.rows)));
    x += panel.cols + kPanelGap;
  }
  return picture;
}

}  // namespace solstice
