#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "image/image.h"

namespace solstice {

struct TranslatorOptions {
  std::string model;            ///< a run directory, a .safetensors, or a bare reference .pth
  std::string direction;        ///< "AtoB" or "BtoA" for models that hold both; empty: the model's
  std::string device = "auto";  ///< auto, cpu, cuda[:N]
};

/// Weights + network: images in, images out, of the input's size times scale(), its depth, its
/// alpha; grey stays grey. The door to LibTorch for pipelines: nothing of torch shows here.
/// Opening throws Error(kWeights or kDevice). translate() may be called from one thread at a time.
class Translator {
 public:
  explicit Translator(const TranslatorOptions& options);
  ~Translator();
  Translator(Translator&&) noexcept;
  Translator& operator=(Translator&&) noexcept;

  /// Output side over input side.
  int scale() const;

  /// "unet_256 (ngf 64, norm batch) from runs/a/model.safetensors": for reports.
  std::string description() const;

  /// The model's short name: the stem of its run or file.
  std::string name() const;

  /// Differs wherever results may: a hash of the model file's bytes, and the options that say how
  /// it is run. Reads the file.
  std::string identity() const;

  /// Rough peak bytes that one image of this size needs while it is translated.
  int64_t working_bytes(int width, int height) const;

  /// Translates images of any sizes (reflect-padded to the network's multiple and cropped back).
  /// Throws Error(kDevice) when memory runs out, Error(kRun) for anything else of LibTorch's.
  std::vector<Image> translate(std::span<const Image> images) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace solstice
