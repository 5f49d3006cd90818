#include "pipelines/comparison.h"

#include <algorithm>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "image/codec.h"
#include "image/imresize.h"
#include "image/lab.h"
#include "pipelines/gallery.h"

namespace solstice {
namespace {

constexpr int64_t kBytesToCompare = 220;  ///< of a pixel: ssim's planes in double
constexpr int64_t kBytesToShow = 27;      ///< three panels, and their parts
constexpr int kPictureSide = 1200;
constexpr int kPictureQuality = 85;

ImageHeader read_and_check(const std::string& path, std::string& bytes,
                           const EvaluateOptions& options) {
  bytes = read_file(path, static_cast<uint64_t>(options.memory.bytes), "--memory");
  ImageHeader header;
  try {
    header = read_header(bytes);
  } catch (const Error& error) {
    throw Error(error.kind(), message(path, ": ", error.what()));
  }
  if (header.pixels() > options.max_pixels) {
    throw Error(ErrorKind::kInput, message(path, ": has ", header.width, "x", header.height,
                                           " pixels, --max-pixels allows ", options.max_pixels));
  }
  return header;
}

/// What the model will need, and what is held: the decoded images, the result, the baseline, and
/// the planes that are compared.
void claim_memory(ComparedImages& item, cv::Size input, const ImageHeader& largest,
                  const Protocol& protocol) {
  const int64_t memory = protocol.options->memory.bytes;
  if (protocol.model != nullptr) {
    item.working_bytes = protocol.model->working_bytes(input.width, input.height);
    if (item.working_bytes > memory) {
      throw Error(ErrorKind::kInput, message("an image of ", input.width, "x", input.height,
                                             " needs ", item.working_bytes >> 20,
                                             " MiB of memory, --memory allows ", memory >> 20));
    }
  }
  const int64_t image_bytes = largest.pixels() * largest.channels * ((largest.bits + 7) / 8);
  const bool shown = !protocol.options->page.empty() || !protocol.options->difference.empty();
  const int64_t more_of_a_pixel =
      (protocol.metrics.needs_pairs() ? kBytesToCompare : 0) + (shown ? kBytesToShow : 0);
  item.held_bytes = static_cast<int64_t>(item.image_bytes.size() + item.truth_bytes.size()) +
                    4 * image_bytes + largest.pixels() * more_of_a_pixel;
}

void read(ComparedImages& item, const Protocol& protocol) {
  ImageHeader image, truth;
  if (!item.job.image.empty()) {
    image = read_and_check(item.job.image, item.image_bytes, *protocol.options);
  }
  if (!item.job.truth.empty()) {
    truth = read_and_check(item.job.truth, item.truth_bytes, *protocol.options);
  }
  const ImageHeader& input = item.job.image.empty() ? truth : image;
  const int shrinks = protocol.inputs == EvaluationInputs::kShrunk ? protocol.scale : 1;
  claim_memory(item, cv::Size(input.width, input.height) / shrinks,
               image.pixels() > truth.pixels() ? image : truth, protocol);
}

Image decoded(const std::string& path, std::string& bytes, const EvaluateOptions& options) {
  try {
    Image image = decode_image(bytes, {options.max_pixels, Truncated::kRefuse});
    bytes = std::string();
    return image;
  } catch (const Error& error) {
    throw Error(error.kind(), message(path, ": ", error.what()));
  }
}

/// Colours, as they are stored; what alpha hides is compared too.
cv::Mat without_alpha(const cv::Mat& pixels) {
  if (pixels.channels() != 4) return pixels;
  cv::Mat colours;
  cv::cvtColor(pixels, colours, cv::COLOR_RGBA2RGB);
  return colours;
}

void note_differences(const cv::Mat& image, const cv::Mat& truth, std::vector<std::string>& notes) {
  const bool alpha = image.channels() == 4, truth_alpha = truth.channels() == 4;
  if (alpha || truth_alpha) {
    notes.push_back(message(alpha && truth_alpha ? "has an alpha channel, as the truth has"
                            : alpha              ? "has an alpha channel, the truth has none"
                                                 : "has no alpha channel, the truth has one",
                            ": only colours are compared"));
  }
  if (image.depth() != truth.depth()) {
    notes.push_back(image.depth() == CV_16U
                        ? "is 16 bit, the truth 8 bit: compared in levels of 8 bit, not rounded"
                        : "is 8 bit, the truth 16 bit: compared in levels of 8 bit, not rounded");
  }
  if ((image.channels() == 1) != (truth.channels() == 1)) {
    notes.push_back(image.channels() == 1 ? "is grey, the truth is in colour: compared as R = G = B"
                                          : "is in colour, the truth grey: compared as R = G = B");
  }
}

void split_halves(ComparedImages& item, const cv::Mat& both) {
  if (both.cols % 2 != 0) {
    throw Error(ErrorKind::kInput, message("is ", both.cols, " pixels wide; A|B side by side is ",
                                           "twice as wide as one of them"));
  }
  const cv::Mat left = both.colRange(0, both.cols / 2),
                right = both.colRange(both.cols / 2, both.cols);
  const bool left_is_input = item.job.side == InputSide::kLeftHalf;
  item.input.pixels = (left_is_input ? left : right).clone();
  item.truth = (left_is_input ? right : left).clone();
}

cv::Mat cropped_to_multiple(const cv::Mat& pixels, int scale) {
  const int width = pixels.cols / scale * scale, height = pixels.rows / scale * scale;
  if (width == 0 || height == 0) {
    throw Error(ErrorKind::kInput,
                message("is ", pixels.cols, "x", pixels.rows, ", too small for scale ", scale));
  }
  return pixels(cv::Rect(0, 0, width, height));
}

/// The grey picture with the lightness of the colours.
cv::Mat grey_of(const cv::Mat& colours) {
  const cv::Mat rgb =
      rgb_of_lab(lightness_of(colours), cv::Mat::zeros(colours.size(), CV_32FC2), colours.depth());
  cv::Mat grey;
  cv::extractChannel(rgb, grey, 0);
  return grey;
}

void load(ComparedImages& item, const Protocol& protocol) {
  const EvaluationJob& job = item.job;
  if (!job.image.empty()) {
    item.input = decoded(job.image, item.image_bytes, *protocol.options);
  }
  if (!job.truth.empty()) {
    item.truth = decoded(job.truth, item.truth_bytes, *protocol.options).pixels;
    if (job.side != InputSide::kOwnFile) split_halves(item, item.truth);
  }
  const bool both = !item.input.pixels.empty() && !item.truth.empty();
  if (both) note_differences(item.input.pixels, item.truth, item.notes);
  if (!item.truth.empty()) {
    item.truth = cropped_to_multiple(without_alpha(item.truth), protocol.scale);
    item.result.width = item.truth.cols, item.result.height = item.truth.rows;
  }
  if (both && protocol.metrics.needs_pairs()) {
    const int enlarged = protocol.options->data.empty() ? 1 : protocol.scale;
    const std::string problem =
        size_problem(item.input.pixels.size() * enlarged, item.truth.size(), protocol.scale);
    if (!problem.empty()) throw Error(ErrorKind::kInput, problem);
  }
}

void make_inputs(ComparedImages& item, const Protocol& protocol) {
  if (protocol.inputs == EvaluationInputs::kShrunk) {
    item.input.pixels = imresize(item.truth, item.truth.size() / protocol.scale);
  } else if (protocol.inputs == EvaluationInputs::kGrey) {
    item.input.pixels = grey_of(item.truth);
  }
}

/// The result's place first, where a model will make it, then the baseline; of folders the image.
void make_candidates(ComparedImages& item, const Protocol& protocol) {
  if (item.input.pixels.empty()) return;
  const cv::Mat colours = without_alpha(item.input.pixels);
  if (protocol.model != nullptr) item.candidates.emplace_back();
  const bool enlarges = protocol.scale > 1 && !protocol.options->data.empty();
  if (!enlarges) {
    item.candidates.push_back({colours, false, {}});
    return;
  }
  const bool made = protocol.inputs == EvaluationInputs::kShrunk;
  item.candidates.push_back({imresize(colours, colours.size() * protocol.scale), made, {}});
}

void decode(ComparedImages& item, const Protocol& protocol) {
  load(item, protocol);
  make_inputs(item, protocol);
  make_candidates(item, protocol);
}

void infer(ComparedImages& item, const Protocol& protocol) {
  item.working_bytes = 0;
  if (item.input.pixels.empty()) return;
  item.candidates[0].pixels = without_alpha(protocol.model->translate(item.input).pixels);
  item.input = Image();
}

void take_features(ComparedImages& item, const Protocol& protocol) {
  for (Candidate& candidate : item.candidates) {
    candidate.features = protocol.features->features({candidate.pixels, {}});
  }
  if (!item.truth.empty()) item.truth_features = protocol.features->features({item.truth, {}});
}

void save_pictures(ComparedImages& item, const Protocol& protocol) {
  const EvaluateOptions& options = *protocol.options;
  const bool shown = !options.page.empty() && protocol.metrics.needs_pairs();
  if ((!shown && options.difference.empty()) || item.truth.empty() || item.candidates.empty())
    return;
  const cv::Mat& result = item.candidates[0].pixels;
  if (result.size() != item.truth.size()) return;
  const cv::Mat picture = difference_picture(result, item.truth);
  if (shown) {
    item.picture = encode_image({screen_image({picture, {}}, kPictureSide), {}},
                                {ImageFormat::kJpeg, kPictureQuality});
  }
  if (options.difference.empty()) return;
  const fs::path file = difference_file(item.job, options);
  try {
    make_directories(file.parent_path());
    write_file_atomically(file, encode_image({picture, {}}, {ImageFormat::kPng}));
  } catch (const Error& error) {
    item.ends_run = is_disk_full(error);
    throw;
  }
}

void compare_and_show(ComparedImages& item, const Protocol& protocol) {
  item.result.scores = compare(item, protocol);
  note_missing_scores(item, protocol);
  save_pictures(item, protocol);
  for (Candidate& candidate : item.candidates) candidate.pixels = cv::Mat();
  item.input = Image();
  item.truth = cv::Mat();
  item.held_bytes = 0;
}

}  // namespace

void ComparedImages::discard() {
  image_bytes = truth_bytes = std::string();
  input = Image();
  truth = cv::Mat();
  candidates.clear();
}

std::unique_ptr<ComparedImages> read_comparison(const EvaluationJob& job,
                                                const Protocol& protocol) {
  auto item = std::make_unique<ComparedImages>(job);
  item->result.name = job.name;
  try {
    read(*item, protocol);
  } catch (const std::bad_alloc&) {
    item->fail("not enough memory");
  } catch (const std::exception& error) {
    item->fail(error.what());
  }
  if (item->settled) {
    item->failed_stage = "read";
    item->discard();
  }
  return item;
}

std::vector<Stage> comparison_stages(const Protocol& protocol) {
  const auto stage = [&](const char* name, StageKind kind, auto work) {
    return make_stage<ComparedImages>(
        name, kind, [&protocol, work](ComparedImages& item) { work(item, protocol); });
  };
  std::vector<Stage> stages{stage("decode", StageKind::kParallel, decode)};
  if (protocol.model != nullptr) stages.push_back(stage("infer", StageKind::kCaller, infer));
  if (protocol.features != nullptr) {
    stages.push_back(stage("features", StageKind::kCaller, take_features));
  }
  stages.push_back(stage("compare", StageKind::kParallel, compare_and_show));
  return stages;
}

std::vector<std::string> series_of(const Protocol& protocol) {
  std::vector<std::string> series;
  if (protocol.model != nullptr) series.push_back(protocol.model->name);
  if (protocol.options->data.empty()) {
    series.emplace_back("images");
  } else if (protocol.scale > 1) {
    series.emplace_back("bicubic");
  } else {
    series.emplace_back(protocol.inputs == EvaluationInputs::kGrey ? "grey" : "input");
  }
  if (protocol.metrics.has_colorfulness()) series.emplace_back("truth");
  return series;
}

}  // namespace solstice
