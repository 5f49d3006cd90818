#include "inference/translator.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/hash.h"
#include "core/message.h"
#include "image/tensor_bridge.h"
#include "inference/device.h"
#include "inference/model_file.h"
#include "models/networks/image_module.h"

namespace solstice {
namespace {

/// The two last layers of a ResNet need two pixels at a quarter of the size.
constexpr int64_t kSmallestSide = 8;

int64_t round_up(int64_t value, int64_t multiple) {
  return (std::max(value, kSmallestSide) + multiple - 1) / multiple * multiple;
}

/// Colour channels as the network wants them: 1 (luma) or 3 (grey repeated, alpha left aside).
cv::Mat network_colours(const cv::Mat& pixels, int64_t channels) {
  cv::Mat colours;
  if (channels == 1) {
    if (pixels.channels() == 1) return pixels;
    cv::cvtColor(pixels, colours,
                 pixels.channels() == 4 ? cv::COLOR_RGBA2GRAY : cv::COLOR_RGB2GRAY);
    return colours;
  }
  if (pixels.channels() == 3) return pixels;
  cv::cvtColor(pixels, colours, pixels.channels() == 4 ? cv::COLOR_RGBA2RGB : cv::COLOR_GRAY2RGB);
  return colours;
}

/// The result with the channels of its source: grey stays grey, alpha is carried over.
cv::Mat with_channels_of(const cv::Mat& source, const cv::Mat& result, int64_t network_input) {
  cv::Mat pixels = result;
  // A network that reads grey is there to make colour: its result keeps what it made.
  if (source.channels() == 1 && result.channels() == 3 && network_input == 3) {
    cv::cvtColor(result, pixels, cv::COLOR_RGB2GRAY);
  }
  if (source.channels() != 4) return pixels;
  if (pixels.channels() == 1) cv::cvtColor(pixels, pixels, cv::COLOR_GRAY2RGB);
  cv::Mat alpha;
  cv::extractChannel(source, alpha, 3);
  if (alpha.size() != pixels.size()) cv::resize(alpha, alpha, pixels.size(), 0, 0, cv::INTER_CUBIC);
  const int from_to[] = {0, 0, 1, 1, 2, 2, 3, 3};
  cv::Mat whole(pixels.size(), CV_MAKETYPE(pixels.depth(), 4));
  const cv::Mat parts[] = {pixels, alpha};
  cv::mixChannels(parts, 2, &whole, 1, from_to, 4);
  return whole;
}

}  // namespace

struct Translator::State {
  ModelFile model;
  std::shared_ptr<ImageModule> network;
  std::string direction;  ///< as it was asked for
  at::Device device = at::kCPU;
  int64_t multiple = 1;

  Image translate_one(const Image& image) const;
  at::Tensor run(const cv::Mat& padded) const;
};

namespace {

/// Leaves of a CycleGAN file the generator of one direction: G_A translates as it was trained
/// (from A to B unless --direction said otherwise then), G_B the other way. Of other files all.
TensorList choose_direction(ModelFile& file, const std::string& direction) {
  const bool as_trained = direction.empty() || direction == file.metadata.direction;
  const std::string prefix = as_trained ? "G_A." : "G_B.";
  TensorList chosen;
  bool two_ways = false;
  for (const auto& [name, tensor] : file.weights.tensors) {
    two_ways = two_ways || name.starts_with("G_A.") || name.starts_with("G_B.");
    if (name.starts_with(prefix)) chosen.emplace_back(name.substr(prefix.size()), tensor);
  }
  if (two_ways && !as_trained) {
    GeneratorOptions& generator = file.metadata.generator;
    std::swap(generator.input_nc, generator.output_nc);
  }
  if (two_ways) return chosen;
  if (!direction.empty() && file.self_described && direction != file.metadata.direction) {
    throw Error(ErrorKind::kUsage, message("--direction ", direction, ": ", file.path,
                                           " translates ", file.metadata.direction, " only"));
  }
  return file.weights.tensors;
}

void make_channels_last(ImageModule& network) {
  for (at::Tensor& parameter : network.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

}  // namespace

Translator::Translator(const TranslatorOptions& options) : state_(std::make_unique<State>()) {
  if (!options.direction.empty() && options.direction != "AtoB" && options.direction != "BtoA") {
    throw Error(ErrorKind::kUsage,
                message("--direction: found \"", options.direction, "\", expected AtoB or BtoA"));
  }
  state_->direction = options.direction;
  state_->device = at::Device(open_device(options.device));
  state_->model = load_model(options.model);
  const TensorList tensors = choose_direction(state_->model, options.direction);
  const GeneratorOptions& generator = state_->model.metadata.generator;
  try {
    state_->network = make_generator(generator);
    load_state(*state_->network, tensors, state_->model.path);
    state_->network->eval();
    state_->network->to(state_->device);
    make_channels_last(*state_->network);
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kWeights,
                message(state_->model.path, ": ", error.what_without_backtrace()));
  }
  state_->multiple = generator_row(generator.kind).size_multiple(generator);
  state_->model.weights.tensors.clear();
}

Translator::~Translator() = default;
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;

int Translator::scale() const { return static_cast<int>(state_->model.metadata.scale); }

std::string Translator::description() const {
  const GeneratorOptions& generator = state_->model.metadata.generator;
  return message(generator.kind, " (ngf ", generator.ngf, ", norm ", name_of(generator.norm), ", ",
                 state_->device.str(), ") from ", state_->model.path);
}

std::string Translator::name() const { return state_->model.name; }

std::string Translator::identity() const {
  return message(hash_text(hash_file(state_->model.path)), " ", state_->direction);
}

int64_t Translator::working_bytes(int width, int height) const {
  const GeneratorOptions& generator = state_->model.metadata.generator;
  const int64_t pixels = round_up(width, state_->multiple) * round_up(height, state_->multiple);
  return pixels * generator_row(generator.kind).bytes_per_pixel(generator);
}

at::Tensor Translator::State::run(const cv::Mat& padded) const {
  const c10::InferenceMode guard;
  const at::Tensor input = to_tensor(padded).to(device).contiguous(at::MemoryFormat::ChannelsLast);
  return network->forward(input).to(at::kCPU);
}

Image Translator::State::translate_one(const Image& image) const {
  const GeneratorOptions& generator = model.metadata.generator;
  const cv::Mat colours = network_colours(image.pixels, generator.input_nc);
  const auto width = static_cast<int>(round_up(colours.cols, multiple));
  const auto height = static_cast<int>(round_up(colours.rows, multiple));
  cv::Mat padded = colours;
  if (width != colours.cols || height != colours.rows) {
    cv::copyMakeBorder(colours, padded, 0, height - colours.rows, 0, width - colours.cols,
                       cv::BORDER_REFLECT_101);
  }
  const auto scale = static_cast<int>(model.metadata.scale);
  const at::Tensor output = run(padded);
  const at::Tensor cropped =
      output.narrow(2, 0, image.height() * scale).narrow(3, 0, image.width() * scale);
  const cv::Mat pixels = to_pixels(cropped, image.pixels.depth());
  return {with_channels_of(image.pixels, pixels, generator.input_nc), image.metadata};
}

std::vector<Image> Translator::translate(std::span<const Image> images) const {
  std::vector<Image> results;
  results.reserve(images.size());
  try {
    for (const Image& image : images) results.push_back(state_->translate_one(image));
  } catch (const c10::OutOfMemoryError&) {
    throw Error(ErrorKind::kDevice, "not enough memory on " + state_->device.str());
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kRun, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kDevice, "not enough memory");
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::kRun, error.what());
  }
  return results;
}

}  // namespace solstice
