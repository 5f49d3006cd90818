#include "inference/translator.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <filesystem>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <opencv2/core.hpp>
#include <optional>

#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/message.h"
#include "inference/device.h"
#include "inference/translator_state.h"

namespace solstice {
namespace {

constexpr int kBatchOnAccelerator = 8;
constexpr int64_t kBytesOfGrading = 6;  ///< a pixel: colours of 16 bits apart from their alpha

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
  const std::string stem = std::filesystem::path(file.path).stem().string();
  const std::string network = prefix.substr(0, prefix.size() - 1);
  if (!direction.empty() && !file.self_described && !stem.ends_with(network)) {
    log_warning(message("--direction ", direction, " changes nothing: ", file.path,
                        " holds one network and does not say which way it translates"));
  }
  return file.weights.tensors;
}

}  // namespace

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
  if (options.precision == InferencePrecision::kBf16 && state.device.is_cpu() &&
      !cpu_multiplies_bf16()) {
    log_warning("--precision bf16: this processor only emulates it; fp32 is faster here");
  }
  state.model = load_model(options.model, options.direction);
  const TensorList tensors = choose_direction(state.model, options.direction);
  try {
    state.open(tensors);
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kWeights,
                message(state.model.path, ": ", error.what_without_backtrace()));
  }
  if (state.plan == nullptr && state.strip_rows.value_or(0) > 0) {
    log_warning(message("--tile ", options.tile, " is left out: ",
                        options.exact ? "--exact" : state.model.metadata.generator.kind,
                        " runs every image as a whole"));
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
                 state_->device.str(), ", ", name_of_type(state_->type),
                 state_->options.precision == InferencePrecision::kAuto ? " by auto" : "",
                 ") from ", state_->model.path);
}

std::string Translator::task() const { return state_->model.metadata.task; }

std::string Translator::direction() const {
  const std::string& chosen = state_->options.direction;
  return chosen.empty() ? state_->model.metadata.direction : chosen;
}

std::string Translator::name() const { return state_->model.name; }

const TranslatorOptions& Translator::options() const { return state_->options; }

std::string Translator::identity() const {
  const TranslatorOptions& options = state_->options;
  return message(hash_text(hash_file(state_->model.path)), " ", options.direction, " ",
                 name_of_type(state_->type), " ", options.exact ? "exact " : "",
                 options.tta ? "tta " : "", name_of(options.alpha));
}

int64_t Translator::working_bytes(int width, int height) const {
  // Colours for grey, a copy without alpha or with half the depth: 12 bytes a pixel.
  if (state_->colorizes()) {
    const cv::Size view = state_->view_size({width, height});
    return state_->bytes_of(view.width, view.height) + int64_t{12} * width * height;
  }
  return state_->bytes_of(width, height);
}

int64_t Translator::State::bytes_of(int width, int height) const {
  const int64_t w = padded_side(width), h = padded_side(height);
  const GeneratorOptions& generator = model.metadata.generator;
  const int64_t pixels = w * h;
  if (pointwise) return kBytesOfGrading * pixels;
  // The eight turns are added up in float.
  const int64_t sum = options.tta ? 3 * 4 * pixels * scale() * scale() * 3 : 0;
  if (!runs_whole(h, w)) return schedule(h, w).bytes + sum;
  return pixels * generator_row(generator.kind).bytes_per_pixel(generator) + sum;
}

int Translator::batch() const {
  if (state_->device.is_cpu() || state_->options.tta || state_->colorizes()) return 1;
  return state_->options.batch > 0 ? static_cast<int>(state_->options.batch) : kBatchOnAccelerator;
}

bool Translator::is_single_threaded() const { return state_->pointwise != nullptr; }

std::vector<Image> Translator::translate(std::span<const Image> images) const {
  const c10::InferenceMode guard;
  const auto padded_size = [&](const Image& image) {
    return std::pair(state_->padded_side(image.width()), state_->padded_side(image.height()));
  };
  std::vector<Image> results;
  results.reserve(images.size());
  try {
    while (results.size() < images.size()) {
      const auto rest = images.subspan(results.size());
      const auto size = padded_size(rest.front());
      size_t count = 1;
      while (count < std::min(rest.size(), static_cast<size_t>(batch())) &&
             state_->runs_whole(size.second, size.first) && padded_size(rest[count]) == size) {
        ++count;
      }
      for (Image& image : state_->translate_or_halve(rest.first(count))) {
        results.push_back(std::move(image));
      }
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) {
      throw Error(ErrorKind::kDevice, "not enough memory on " + state_->device.str());
    }
    const auto* of_torch = dynamic_cast<const c10::Error*>(&error);
    throw Error(ErrorKind::kRun, of_torch ? of_torch->what_without_backtrace() : error.what());
  }
  return results;
}

}  // namespace solstice
