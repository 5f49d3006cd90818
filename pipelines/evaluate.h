#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/options.h"
#include "inference/feature_network.h"
#include "inference/translator.h"

namespace solstice {

/// What pixels are compared by.
enum class Channel {
  kAuto,  ///< kY of a model that enlarges (or with --scale), else kRgb
  kRgb,   ///< the colours themselves
  kY,     ///< luma, not rounded (metrics/luma.h)
  kY8,    ///< luma in whole levels
};
inline constexpr std::array<Name<Channel>, 4> kChannelNames{
    {{"auto", Channel::kAuto}, {"rgb", Channel::kRgb}, {"y", Channel::kY}, {"y8", Channel::kY8}}};
constexpr std::span<const Name<Channel>> name_table(Channel) { return kChannelNames; }

/// Where the inputs of a model come from.
enum class EvaluationInputs { kAuto, kFiles, kShrunk, kGrey };
inline constexpr std::array<Name<EvaluationInputs>, 4> kEvaluationInputsNames{
    {{"auto", EvaluationInputs::kAuto},
     {"files", EvaluationInputs::kFiles},
     {"shrunk", EvaluationInputs::kShrunk},
     {"grey", EvaluationInputs::kGrey}}};
constexpr std::span<const Name<EvaluationInputs>> name_table(EvaluationInputs) {
  return kEvaluationInputsNames;
}

struct EvaluateOptions {
  std::string images;
  std::string truth;
  std::string data;
  std::string split;
  std::string pairs;
  EvaluationInputs inputs = EvaluationInputs::kAuto;
  int64_t scale = 0;
  std::vector<std::string> metrics{"psnr", "ssim", "l1"};
  Channel channel = Channel::kAuto;
  std::string border = "auto";
  int64_t kid_subsets = 100;
  int64_t kid_subset_size = 1000;
  int64_t seed = 1;
  int64_t worst = 5;
  std::string report;
  std::string csv;
  std::string page;
  std::string difference;
  ByteSize memory{int64_t{3} << 30};
  int64_t max_pixels = 1'000'000'000;
  int64_t jobs = 0;
  bool json = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("images", self.images, "folder of results, to be compared with --truth");
    visit("truth", self.truth, "folder of what they should be: the same names, any extension");
    visit("data", self.data, "data set that --model (or without one the baseline) is tried on");
    visit("split", self.split, "its part; empty: test, else val, of one folder of images all");
    visit("pairs", self.pairs, "tab-separated file that names its pairs");
    visit(
        "inputs", self.inputs,
        "files: the other side of each pair; shrunk: made from good images, smaller by the scale; "
        "grey: their lightness; auto: as the model was trained");
    visit(
        "scale", self.scale,
        "truths are cropped to a multiple of it; without a model: bicubic's scale; 0: the model's",
        Range{0, 64});
    visit("metrics", self.metrics, "of l1, psnr, ssim, colorfulness, kid, fid");
    visit(
        "channel", self.channel,
        "compare rgb, y (BT.601 luma, 16 to 235) or y8 (rounded); auto: y where there is a scale");
    visit("border", self.border, "pixels cut off all around before comparing; auto: the scale");
    visit("kid-subsets", self.kid_subsets, "draws of kid from sets larger than one", Range{1, 1e6});
    visit("kid-subset-size", self.kid_subset_size, "images of one draw", Range{2, 1e6});
    visit("seed", self.seed, "of kid's draws", Range{0, 9e15});
    visit("worst", self.worst, "how many of the worst files are named and shown", Range{0, 100});
    visit("report", self.report, "write everything as JSON to this file");
    visit("csv", self.csv, "write a row for each file to this file");
    visit("page", self.page, "write a page (HTML, one file) to this folder or .html file");
    visit("difference", self.difference,
          "write result, truth and 8 times their difference, side by side, into this folder");
    visit("memory", self.memory, "bound on the memory of images in flight");
    visit("max-pixels", self.max_pixels, "refuse larger images from their header", Range{1, 9e15});
    visit("jobs", self.jobs, "decoding and comparing threads; 0: as many as processors",
          Range{0, 1024});
  }
};

/// What an evaluation came to. The numbers themselves are printed and written.
struct EvaluateSummary {
  int64_t compared = 0, failed = 0, left_out = 0;
  int64_t remaining = 0;  ///< not looked at: it was stopped
  bool stopped = false;   ///< by a signal
  double seconds = 0;
};

/// Throws Error(kUsage) for what is wrong with the options by themselves. `model` and `features`
/// are the file names given, which may be empty.
void check_options(const EvaluateOptions& options, const std::string& model,
                   const std::string& features);

/// Compares two folders, or what a model makes of a data set with what it should be, beside a
/// baseline: bicubic enlargement, or the input itself. A bad file is reported in one line and costs
/// only itself. `translator` and `features` may be null. Throws Error(kInput) when there is nothing
/// to compare, Error(kUsage) for options that do not fit the model, Error(kOutput) for places that
/// cannot be written.
EvaluateSummary evaluate(const EvaluateOptions& options, const Translator* translator,
                         const FeatureNetwork* features);

}  // namespace solstice
