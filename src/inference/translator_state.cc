#include "inference/translator_state.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "core/log.h"
#include "core/message.h"
#include "image/tensor_bridge.h"
#include "inference/image_channels.h"
#include "models/networks/winograd.h"

namespace solstice {
namespace {

/// The two last layers of a ResNet need two pixels at a quarter of the size.
constexpr int64_t kSmallestSide = 8;
constexpr int kTurns = 8;
constexpr int64_t kReserve = int64_t{640} << 20;

void make_channels_last(ImageModule& network) {
  for (at::Tensor& parameter : network.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

/// turned() undone, for (1, C, H, W).
at::Tensor turned_back(const at::Tensor& image, int way) {
  at::Tensor result = (way & 4) != 0 ? image.transpose(2, 3) : image;
  std::vector<int64_t> sides;
  if ((way & 1) != 0) sides.push_back(3);
  if ((way & 2) != 0) sides.push_back(2);
  return sides.empty() ? result : result.flip(sides);
}

}  // namespace

int64_t round_up(int64_t value, int64_t multiple) {
  return (std::max(value, kSmallestSide) + multiple - 1) / multiple * multiple;
}

bool is_out_of_memory(const c10::Error& error) {
  const std::string what = error.what_without_backtrace();
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         what.find("can't allocate memory") != std::string::npos;
}

void Translator::State::open(const TensorList& tensors) {
  const GeneratorOptions& generator = model.metadata.generator;
  const GeneratorRow& row = generator_row(generator.kind);
  network = make_generator(generator);
  load_state(*network, tensors, model.path);
  network->eval();
  multiple = row.size_multiple(generator);
  if (row.graph != nullptr && !options.exact) {
    const c10::InferenceMode guard;
    LayerGraph graph = row.graph(state_of(*network), generator);
    if (device.is_cpu() && PointwisePlan::fits(graph)) {
      pointwise = std::make_unique<PointwisePlan>(graph);
    }
    plan = std::make_unique<Plan>(std::move(graph), device, type);
    if (device.is_cpu()) network.reset();
  }
  if (network != nullptr) {
    network->to(device, type);
    make_channels_last(*network);
  }
}

PlanSchedule Translator::State::schedule(int64_t height, int64_t width) const {
  if (!strip_rows) {
    // The program, the weights and both images need some, and freed memory is not all given back.
    const int64_t images = 2 * 3 * height * width;
    const int64_t reserve = std::min(options.memory / 4, kReserve) + images;
    return plan->best(height, width, options.memory - reserve);
  }
  return plan->with_strips(height, width, *strip_rows == 0 ? height : *strip_rows);
}

/// True where the network itself takes the image at once, which accelerators do fastest.
bool Translator::State::runs_whole(int64_t height, int64_t width) const {
  if (plan == nullptr) return true;
  return network != nullptr && schedule(height, width).strip_rows == 0;
}

cv::Mat Translator::State::padded(const cv::Mat& colours) const {
  const auto width = static_cast<int>(round_up(colours.cols, multiple));
  const auto height = static_cast<int>(round_up(colours.rows, multiple));
  if (width == colours.cols && height == colours.rows) return colours;
  cv::Mat padded;
  cv::copyMakeBorder(colours, padded, 0, height - colours.rows, 0, width - colours.cols,
                     cv::BORDER_REFLECT_101);
  return padded;
}

at::Tensor Translator::State::run_network(const at::Tensor& batch) const {
  const at::Tensor input = batch.to(device, type).contiguous(at::MemoryFormat::ChannelsLast);
  if (!options.exact) return network->forward(input).to(at::kCPU, at::kFloat);
  const WinogradOff plain;
  return network->forward(input).to(at::kCPU, at::kFloat);
}

void Translator::State::run_plan(const cv::Mat& image, const Write& write) const {
  const ImageRows rows{image.rows, image.cols, [&](int64_t first, int64_t count) {
                         return to_channels_last(image.rowRange(static_cast<int>(first),
                                                                static_cast<int>(first + count)));
                       }};
  PlanSchedule chosen = schedule(image.rows, image.cols);
  while (true) {
    try {
      plan->run(chosen, rows, write);
      return;
    } catch (const c10::Error& error) {
      const int64_t strip = chosen.strip_rows == 0 ? int64_t{image.rows} : chosen.strip_rows;
      if (!is_out_of_memory(error) || strip / 2 < kFewestStripRows) throw;
      chosen = plan->with_strips(image.rows, image.cols, strip / 2);
      chosen.halves_maps = type == at::kFloat;
      log_warning(message("not enough memory for an image of ", image.cols, "x", image.rows,
                          "; again in strips of ", chosen.strip_rows, " rows"));
    }
  }
}

void Translator::State::run(const cv::Mat& image, const Write& write) const {
  if (!runs_whole(image.rows, image.cols)) return run_plan(image, write);
  at::Tensor result;
  try {
    result = run_network(to_channels_last(image));
  } catch (const c10::Error& error) {
    if (plan == nullptr || !is_out_of_memory(error)) throw;
    log_warning(message("not enough memory for an image of ", image.cols, "x", image.rows,
                        " as a whole; again in strips"));
    return run_plan(image, write);
  }
  write(0, result);
}

at::Tensor Translator::State::mean_of_turns(const cv::Mat& image) const {
  at::Tensor sum;
  for (int way = 0; way < kTurns; ++way) {
    const cv::Mat input = turned(image, way);
    at::Tensor result;
    run(input, [&](int64_t first, const at::Tensor& rows) {
      if (!result.defined()) {
        result =
            at::empty({1, rows.size(1), input.rows * scale(), input.cols * scale()}, at::kFloat);
      }
      result.narrow(2, first, rows.size(2)).copy_(rows);
    });
    const at::Tensor back = turned_back(result, way);
    sum = sum.defined() ? sum.add_(back) : back.clone();
  }
  return sum.div_(kTurns);
}

/// The network's result for an image, of its size times scale, without alpha.
cv::Mat Translator::State::colours_of(const cv::Mat& source) const {
  const int64_t input_nc = model.metadata.generator.input_nc;
  const cv::Mat colours = network_colours(source, input_nc);
  // Turning the image would change nothing.
  if (pointwise) return result_colours(source, pointwise->run(colours), input_nc);
  const cv::Mat image = padded(colours);
  const auto height = static_cast<int>(source.rows * scale());
  const int64_t width = source.cols * scale();
  const auto cropped = [&](const at::Tensor& rows, int64_t count) {
    return to_pixels(rows.narrow(2, 0, count).narrow(3, 0, width), source.depth());
  };
  if (options.tta) return result_colours(source, cropped(mean_of_turns(image), height), input_nc);
  cv::Mat result;
  run(image, [&](int64_t first, const at::Tensor& rows) {
    const int64_t count = std::min(rows.size(2), height - first);
    if (count <= 0) return;
    const cv::Mat pixels = cropped(rows, count);
    if (count == height) {
      result = pixels;
      return;
    }
    result.create(height, static_cast<int>(width), pixels.type());
    pixels.copyTo(result.rowRange(static_cast<int>(first), static_cast<int>(first + count)));
  });
  return result_colours(source, result, input_nc);
}

Image Translator::State::finished(const Image& source, const cv::Mat& colours) const {
  if (source.pixels.channels() != 4 || options.alpha == AlphaMode::kDrop) {
    return {colours, source.metadata};
  }
  cv::Mat alpha;
  cv::extractChannel(source.pixels, alpha, 3);
  if (options.alpha == AlphaMode::kTranslate) {
    alpha = network_colours(colours_of(alpha), 1);
  }
  return {with_alpha(colours, alpha), source.metadata};
}

Image Translator::State::translate_one(const Image& image) const {
  return finished(image, colours_of(image.pixels));
}

std::vector<Image> Translator::State::translate_batch(std::span<const Image> images) const {
  const int64_t input_nc = model.metadata.generator.input_nc;
  std::vector<at::Tensor> inputs;
  for (const Image& image : images) {
    inputs.push_back(to_tensor(padded(network_colours(image.pixels, input_nc))));
  }
  const at::Tensor outputs = run_network(at::cat(inputs, 0));
  std::vector<Image> results;
  for (size_t i = 0; i < images.size(); ++i) {
    const cv::Mat& source = images[i].pixels;
    const at::Tensor cropped = outputs[static_cast<int64_t>(i)]
                                   .narrow(1, 0, source.rows * scale())
                                   .narrow(2, 0, source.cols * scale());
    results.push_back(
        finished(images[i], result_colours(source, to_pixels(cropped, source.depth()), input_nc)));
  }
  return results;
}

std::vector<Image> Translator::State::translate_or_halve(std::span<const Image> images) const {
  if (images.size() == 1) return {translate_one(images.front())};
  try {
    return translate_batch(images);
  } catch (const c10::Error& error) {
    if (!is_out_of_memory(error)) throw;
  }
  log_warning(message("not enough memory for ", images.size(), " images at once; again by half"));
  std::vector<Image> results = translate_or_halve(images.first(images.size() / 2));
  for (Image& image : translate_or_halve(images.subspan(images.size() / 2))) {
    results.push_back(std::move(image));
  }
  return results;
}

}  // namespace solstice
