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

/// Reflected pixels around an image that is enlarged: zeros are as far as a network that knows no
/// reflection sees, which shows in its border.
constexpr int64_t kMargin = 8;

/// For the program itself, and what malloc keeps. Freed buffers make room (pool_buffers).
constexpr int64_t kReserve = int64_t{384} << 20;

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

int64_t Translator::State::padded_side(int64_t side) const {
  return round_up(side + 2 * margin(), multiple);
}

bool is_out_of_memory(const std::exception& error) {
  const auto* pixels = dynamic_cast<const cv::Exception*>(&error);
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
         (pixels != nullptr && pixels->code == cv::Error::StsNoMem) ||
         std::string_view(error.what()).find("can't allocate memory") != std::string_view::npos;
}

void Translator::State::open(const TensorList& tensors) {
  require_colour_channels();
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
    const int64_t images = 3 * height * width * (1 + scale() * scale());
    const int64_t reserve =
        std::min(options.memory / 4, kReserve) + plan->weight_bytes(height, width) + images;
    return plan->best(height, width, options.memory - reserve);
  }
  return plan->with_strips(height, width, *strip_rows == 0 ? height : *strip_rows);
}

/// True where the network itself takes the image at once, which accelerators do fastest.
bool Translator::State::runs_whole(int64_t height, int64_t width) const {
  if (plan == nullptr) return true;
  return network != nullptr && schedule(height, width).strip_rows == 0;
}

int64_t Translator::State::margin() const { return scale() > 1 ? kMargin : 0; }

cv::Mat Translator::State::padded(const cv::Mat& colours) const {
  const auto before = static_cast<int>(margin());
  const auto width = static_cast<int>(padded_side(colours.cols));
  const auto height = static_cast<int>(padded_side(colours.rows));
  if (width == colours.cols && height == colours.rows) return colours;
  cv::Mat padded;
  cv::copyMakeBorder(colours, padded, before, height - colours.rows - before, before,
                     width - colours.cols - before, cv::BORDER_REFLECT_101);
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
    } catch (const std::exception& error) {
      const int64_t strip = chosen.strip_rows == 0 ? int64_t{image.rows} : chosen.strip_rows;
      if (!is_out_of_memory(error) || strip <= kFewestStripRows) throw;
      chosen =
          plan->with_frugal_strips(image.rows, image.cols, std::max(strip / 2, kFewestStripRows));
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
  } catch (const std::exception& error) {
    if (plan == nullptr || !is_out_of_memory(error)) throw;
    log_warning(message("not enough memory for an image of ", image.cols, "x", image.rows,
                        " as a whole; again in strips"));
    return run_plan(image, write);
  }
  write(0, result);
}

/// All rows in one tensor.
at::Tensor Translator::State::result_of(const cv::Mat& image) const {
  at::Tensor result;
  run(image, [&](int64_t first, const at::Tensor& rows) {
    if (!result.defined()) {
      result = at::empty({1, rows.size(1), image.rows * scale(), image.cols * scale()}, at::kFloat);
    }
    result.narrow(2, first, rows.size(2)).copy_(rows);
  });
  return result;
}

/// Each turn is padded as an image of its own: the mean is that of eight runs, and turns with the
/// image whatever its size.
at::Tensor Translator::State::mean_of_turns(const cv::Mat& colours) const {
  at::Tensor sum;
  for (int way = 0; way < kTurns; ++way) {
    const cv::Mat view = turned(colours, way);
    const cv::Rect place = place_of(view.size());
    const at::Tensor result =
        result_of(padded(view)).narrow(2, place.y, place.height).narrow(3, place.x, place.width);
    const at::Tensor back = turned_back(result, way);
    sum = sum.defined() ? sum.add_(back) : back.clone(at::MemoryFormat::Contiguous);
  }
  return sum.div_(kTurns);
}

/// Where an image's result lies in that of the padded image.
cv::Rect Translator::State::place_of(cv::Size image) const {
  const auto before = static_cast<int>(margin());
  return {cv::Point(before, before) * scale(), image * scale()};
}

/// The network's result for an image, of its size times scale, without alpha.
cv::Mat Translator::State::colours_of(const cv::Mat& source) const {
  if (colorizes()) return coloured(source);
  const int64_t input_nc = model.metadata.generator.input_nc;
  const cv::Mat colours = network_colours(source, input_nc);
  // Turning the image would change nothing.
  if (pointwise) return result_colours(source, pointwise->run(colours), input_nc);
  if (options.tta) {
    return result_colours(source, to_pixels(mean_of_turns(colours), source.depth()), input_nc);
  }
  const cv::Rect place = place_of(source.size());
  cv::Mat result;
  run(padded(colours), [&](int64_t first, const at::Tensor& rows) {
    const int64_t begin = std::max<int64_t>(first, place.y);
    const int64_t end = std::min<int64_t>(first + rows.size(2), place.br().y);
    if (begin >= end) return;
    const cv::Mat pixels = to_pixels(
        rows.narrow(2, begin - first, end - begin).narrow(3, place.x, place.width), source.depth());
    if (end - begin == place.height) {
      result = pixels;
      return;
    }
    result.create(place.size(), pixels.type());
    pixels.copyTo(
        result.rowRange(static_cast<int>(begin) - place.y, static_cast<int>(end) - place.y));
  });
  return result_colours(source, result, input_nc);
}

Image Translator::State::finished(const Image& source, const cv::Mat& result) const {
  // As result_colours() does for grey without alpha.
  const bool stays_grey =
      source.metadata.grey_with_alpha && !colorizes() && model.metadata.generator.input_nc == 3;
  const cv::Mat colours = stays_grey ? network_colours(result, 1) : result;
  if (source.pixels.channels() != 4 || options.alpha == AlphaMode::kDrop) {
    return {colours, source.metadata};
  }
  cv::Mat alpha;
  cv::extractChannel(source.pixels, alpha, 3);
  // Colourisation leaves the lightness of any image, and alpha is nothing else, as it was.
  if (options.alpha == AlphaMode::kTranslate && !colorizes()) {
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
                                   .narrow(1, margin() * scale(), source.rows * scale())
                                   .narrow(2, margin() * scale(), source.cols * scale());
    results.push_back(
        finished(images[i], result_colours(source, to_pixels(cropped, source.depth()), input_nc)));
  }
  return results;
}

std::vector<Image> Translator::State::translate_or_halve(std::span<const Image> images) const {
  if (images.size() == 1) return {translate_one(images.front())};
  try {
    return translate_batch(images);
  } catch (const std::exception& error) {
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
