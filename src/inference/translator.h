#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/options.h"
#include "image/image.h"

namespace solstice {

/// What a translation computes in. bf16 keeps 8 bits of the mantissa: faster where the processor
/// multiplies it, and up to some levels away from fp32.
enum class InferencePrecision { kFp32, kBf16, kFp16, kAuto };
inline constexpr std::array<Name<InferencePrecision>, 4> kInferencePrecisionNames{
    {{"fp32", InferencePrecision::kFp32},
     {"bf16", InferencePrecision::kBf16},
     {"fp16", InferencePrecision::kFp16},
     {"auto", InferencePrecision::kAuto}}};
constexpr std::span<const Name<InferencePrecision>> name_table(InferencePrecision) {
  return kInferencePrecisionNames;
}

/// What becomes of an alpha channel.
enum class AlphaMode { kKeep, kDrop, kTranslate };
inline constexpr std::array<Name<AlphaMode>, 3> kAlphaModeNames{
    {{"keep", AlphaMode::kKeep}, {"drop", AlphaMode::kDrop}, {"translate", AlphaMode::kTranslate}}};
constexpr std::span<const Name<AlphaMode>> name_table(AlphaMode) { return kAlphaModeNames; }

struct TranslatorOptions {
  std::string model;            ///< a run directory, a .safetensors, or a bare reference .pth
  std::string direction;        ///< "AtoB" or "BtoA" for models that hold both; empty: the model's
  std::string device = "auto";  ///< auto, cpu, cuda[:N]
  InferencePrecision precision = InferencePrecision::kFp32;
  std::string tile = "auto";
  bool exact = false;
  bool tta = false;
  AlphaMode alpha = AlphaMode::kKeep;
  int64_t batch = 0;
  int64_t memory = int64_t{3} << 30;  ///< bound on what one translation allocates

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("model", self.model,
          "a run, a .safetensors, a bare .pth, or the name of a model that ships (superres_x2)");
    visit("direction", self.direction,
          "AtoB or BtoA, for models that hold both; empty: the model's");
    visit("device", self.device, "auto, cpu or cuda[:N]");
    visit("precision", self.precision,
          "what the network computes in; auto: bf16 where the device has it, else fp32");
    visit(
        "tile", self.tile,
        "auto: in strips where the whole image needs more than --memory; off; or rows of a strip");
    visit("exact", self.exact, "compute with LibTorch's own operators only: slower");
    visit("tta", self.tta, "the mean of 8 results: the image flipped and turned; 8 times as slow");
    visit("alpha", self.alpha, "an alpha channel: carried over, left out, or translated as grey");
    visit("batch", self.batch,
          "images of one size that a GPU is given at once; 0: 8 (the CPU is as fast one by one)",
          Range{0, 256});
  }
};

/// Images translated at the same time, each by so many threads.
struct ComputeSplit {
  int64_t images = 1;
  int64_t threads = 1;
};

/// Weights + network: images in, images out, of the input's size times scale(), its depth, its
/// alpha; grey stays grey. The door to LibTorch for pipelines: nothing of torch shows here.
/// Opening throws Error(kUsage, kWeights or kDevice). Translating is safe from several threads.
class Translator {
 public:
  explicit Translator(const TranslatorOptions& options);
  ~Translator();
  Translator(Translator&&) noexcept;
  Translator& operator=(Translator&&) noexcept;

  /// Output side over input side.
  int scale() const;

  /// "unet_256 (ngf 64, norm batch, cpu, fp32) from runs/a/model.safetensors": for reports.
  std::string description() const;

  /// What the model was trained for, "pix2pix", and the way it translates, "AtoB".
  std::string task() const;
  std::string direction() const;

  /// The model's short name: the stem of its run or file.
  std::string name() const;

  const TranslatorOptions& options() const;

  /// Differs wherever results may: a hash of the model file's bytes, and the options that say how
  /// it is run. Reads the file.
  std::string identity() const;

  /// Rough peak bytes that one image of this size needs while it is translated.
  int64_t working_bytes(int width, int height) const;

  /// The fastest split of `threads` over images of this size, found by trying: one image on all
  /// threads, then two on half of them each, and so on while that is faster and fits into the
  /// memory. Takes the time of some images.
  ComputeSplit fastest_split(int width, int height, int64_t threads) const;

  /// Images of one size that are best handed in together: 1 on the CPU.
  int batch() const;

  /// True where an image takes one thread, whatever set_caller_threads() said.
  bool is_single_threaded() const;

  /// Translates images of any sizes (reflect-padded to the network's multiple and cropped back).
  /// When memory runs out the batch is halved, then the strips. Throws Error(kDevice) when it runs
  /// out all the same, Error(kRun) for anything else of LibTorch's.
  std::vector<Image> translate(std::span<const Image> images) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace solstice
