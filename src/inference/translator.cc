#include "inference/translator.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <charconv>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "image/tensor_bridge.h"
#include "inference/device.h"
#include "inference/image_channels.h"
#include "inference/model_file.h"
#include "inference/plan.h"
#include "models/networks/image_module.h"
#include "models/networks/winograd.h"

namespace solstice {
namespace {

/// The two last layers of a ResNet need two pixels at a quarter of the size.
constexpr int64_t kSmallestSide = 8;
constexpr int64_t kFewestStripRows = 32;
constexpr int kTurns = 8;
constexpr int kBatchOnAccelerator = 8;

int64_t round_up(int64_t value, int64_t multiple) {
  return (std::max(value, kSmallestSide) + multiple - 1) / multiple * multiple;
}

at::ScalarType scalar_type(InferencePrecision precision, const at::Device& device) {
  switch (precision) {
    case InferencePrecision::kFp32:
      return at::kFloat;
    case InferencePrecision::kBf16:
      return at::kBFloat16;
    case InferencePrecision::kFp16:
      if (device.is_cpu()) {
        throw Error(ErrorKind::kUsage,
                    "--precision fp16 is for GPUs; on the CPU the choice is fp32 or bf16");
      }
      return at::kHalf;
    case InferencePrecision::kAuto:
      break;
  }
  return !device.is_cpu() || cpu_multiplies_bf16() ? at::kBFloat16 : at::kFloat;
}

const char* name_of_type(at::ScalarType type) {
  return type == at::kFloat ? "fp32" : type == at::kHalf ? "fp16" : "bf16";
}

/// Rows of a strip; 0: the whole image; nothing: as memory allows.
std::optional<int64_t> parse_tile(const std::string& tile) {
  if (tile == "auto") return std::nullopt;
  if (tile == "off") return 0;
  int64_t rows = 0;
  const auto [end, code] = std::from_chars(tile.data(), tile.data() + tile.size(), rows);
  if (code != std::errc() || end != tile.data() + tile.size() || rows < kFewestStripRows) {
    throw Error(ErrorKind::kUsage, message("--tile: found \"", tile, "\", expected auto, off or ",
                                           kFewestStripRows, " rows or more"));
  }
  return rows;
}

/// LibTorch has a type of its own for accelerators' memory only.
bool is_out_of_memory(const c10::Error& error) {
  const std::string what = error.what_without_backtrace();
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         what.find("can't allocate memory") != std::string::npos;
}

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

/// turned() undone, for (1, C, H, W).
at::Tensor turned_back(const at::Tensor& image, int way) {
  at::Tensor result = (way & 4) != 0 ? image.transpose(2, 3) : image;
  std::vector<int64_t> sides;
  if ((way & 1) != 0) sides.push_back(3);
  if ((way & 2) != 0) sides.push_back(2);
  return sides.empty() ? result : result.flip(sides);
}

}  // namespace

struct Translator::State {
  TranslatorOptions options;
  ModelFile model;
  at::Device device = at::kCPU;
  at::ScalarType type = at::kFloat;
  int64_t multiple = 1;
  std::optional<int64_t> strip_rows;
  std::shared_ptr<ImageModule> network;  ///< null where the plan does all
  std::unique_ptr<Plan> plan;            ///< null: the network runs as a whole

  using Write = std::function<void(int64_t first, const at::Tensor& rows)>;

  void open(const TensorList& tensors);
  int64_t scale() const { return model.metadata.scale; }
  PlanSchedule schedule(int64_t height, int64_t width) const;
  bool runs_whole(int64_t height, int64_t width) const;
  cv::Mat padded(const cv::Mat& colours) const;
  void run(const cv::Mat& image, const Write& write) const;
  void run_plan(const cv::Mat& image, const Write& write) const;
  at::Tensor run_network(const at::Tensor& batch) const;
  at::Tensor mean_of_turns(const cv::Mat& image) const;
  cv::Mat colours_of(const cv::Mat& source) const;
  Image translate_one(const Image& image) const;
  Image finished(const Image& source, const cv::Mat& colours) const;
  std::vector<Image> translate_batch(std::span<const Image> images) const;
  std::vector<Image> translate_or_halve(std::span<const Image> images) const;
};

void Translator::State::open(const TensorList& tensors) {
  const GeneratorOptions& generator = model.metadata.generator;
  const GeneratorRow& row = generator_row(generator.kind);
  network = make_generator(generator);
  load_state(*network, tensors, model.path);
  network->eval();
  multiple = row.size_multiple(generator);
  if (row.graph != nullptr && !options.exact) {
    const c10::InferenceMode guard;
    plan = std::make_unique<Plan>(row.graph(state_of(*network), generator), device, type);
    if (device.is_cpu()) network.reset();
  }
  if (network != nullptr) {
    network->to(device, type);
    make_channels_last(*network);
  }
}

PlanSchedule Translator::State::schedule(int64_t height, int64_t width) const {
  if (!strip_rows) return plan->best(height, width, options.memory - options.memory / 8);
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
  const ImageRows rows{
      image.rows, image.cols, [&](int64_t first, int64_t count) {
        return to_tensor(image.rowRange(static_cast<int>(first), static_cast<int>(first + count)));
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
    result = run_network(to_tensor(image));
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
  const cv::Mat image = padded(network_colours(source, input_nc));
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

Translator::Translator(const TranslatorOptions& options) : state_(std::make_unique<State>()) {
  if (!options.direction.empty() && options.direction != "AtoB" && options.direction != "BtoA") {
    throw Error(ErrorKind::kUsage,
                message("--direction: found \"", options.direction, "\", expected AtoB or BtoA"));
  }
  State& state = *state_;
  state.options = options;
  state.strip_rows = parse_tile(options.tile);
  state.device = at::Device(open_device(options.device));
  state.type = scalar_type(options.precision, state.device);
  state.model = load_model(options.model);
  const TensorList tensors = choose_direction(state.model, options.direction);
  try {
    state.open(tensors);
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kWeights,
                message(state.model.path, ": ", error.what_without_backtrace()));
  }
  state.model.weights.tensors.clear();
}

Translator::~Translator() = default;
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;

int Translator::scale() const { return static_cast<int>(state_->scale()); }

std::string Translator::description() const {
  const GeneratorOptions& generator = state_->model.metadata.generator;
  return message(generator.kind, " (ngf ", generator.ngf, ", norm ", name_of(generator.norm), ", ",
                 state_->device.str(), ", ", name_of_type(state_->type), ") from ",
                 state_->model.path);
}

std::string Translator::name() const { return state_->model.name; }

int64_t Translator::working_bytes(int width, int height) const {
  const int64_t w = round_up(width, state_->multiple), h = round_up(height, state_->multiple);
  const GeneratorOptions& generator = state_->model.metadata.generator;
  const int64_t pixels = w * h;
  // The eight turns are added up in float.
  const int64_t sum = state_->options.tta ? 3 * 4 * pixels * scale() * scale() * 3 : 0;
  if (!state_->runs_whole(h, w)) return state_->schedule(h, w).bytes + sum;
  return pixels * generator_row(generator.kind).bytes_per_pixel(generator) + sum;
}

int Translator::batch() const {
  return state_->device.is_cpu() || state_->options.tta ? 1 : kBatchOnAccelerator;
}

std::vector<Image> Translator::translate(std::span<const Image> images) const {
  const c10::InferenceMode guard;
  const auto padded_size = [&](const Image& image) {
    return std::pair(round_up(image.width(), state_->multiple),
                     round_up(image.height(), state_->multiple));
  };
  std::vector<Image> results;
  results.reserve(images.size());
  try {
    while (results.size() < images.size()) {
      const auto rest = images.subspan(results.size());
      const auto size = padded_size(rest.front());
      size_t count = 1;
      while (state_->runs_whole(size.second, size.first) &&
             count < std::min(rest.size(), static_cast<size_t>(batch())) &&
             padded_size(rest[count]) == size) {
        ++count;
      }
      for (Image& image : state_->translate_or_halve(rest.first(count))) {
        results.push_back(std::move(image));
      }
    }
  } catch (const c10::Error& error) {
    if (is_out_of_memory(error)) {
      throw Error(ErrorKind::kDevice, "not enough memory on " + state_->device.str());
    }
    throw Error(ErrorKind::kRun, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kDevice, "not enough memory");
  } catch (const cv::Exception& error) {
    throw Error(ErrorKind::kRun, error.what());
  }
  return results;
}

}  // namespace solstice
