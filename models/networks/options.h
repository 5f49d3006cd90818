#pragma once

#include <array>
#include <span>
#include <string>

#include "core/options.h"

namespace solstice {

enum class Norm { kBatch, kInstance, kNone };
inline constexpr std::array<Name<Norm>, 3> kNormNames{
    {{"batch", Norm::kBatch}, {"instance", Norm::kInstance}, {"none", Norm::kNone}}};
constexpr std::span<const Name<Norm>> name_table(Norm) { return kNormNames; }

enum class InitType { kNormal, kXavier, kKaiming, kOrthogonal, kDefault };
inline constexpr std::array<Name<InitType>, 5> kInitNames{{{"normal", InitType::kNormal},
                                                           {"xavier", InitType::kXavier},
                                                           {"kaiming", InitType::kKaiming},
                                                           {"orthogonal", InitType::kOrthogonal},
                                                           {"default", InitType::kDefault}}};
constexpr std::span<const Name<InitType>> name_table(InitType) { return kInitNames; }

/// What makes a generator; also the `generator` object in a model's metadata.
struct GeneratorOptions {
  std::string kind = "unet_256";
  int64_t input_nc = 3;
  int64_t output_nc = 3;
  int64_t ngf = 64;
  Norm norm = Norm::kBatch;
  bool dropout = true;
  int64_t scale = 1;
  int64_t growth = 32;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("generator", self.kind,
          "network that translates: unet_<2^n>, resnet_<n>blocks, pointwise, edsr_<n>blocks, "
          "srresnet_<n>blocks, compact_<n>convs, rrdb_<n>blocks");
    visit("input-nc", self.input_nc, "channels of the input image", Range{1, 64});
    visit("output-nc", self.output_nc, "channels of the output image", Range{1, 64});
    visit("ngf", self.ngf, "generator filters at the widest resolution", Range{1, 1024});
    visit("norm", self.norm, "normalisation layers of both networks");
    visit("scale", self.scale, "output side over input side (networks that enlarge)", Range{1, 8});
    visit("growth", self.growth, "rrdb: channels that each convolution of a dense block adds",
          Range{1, 1024});
    visit("dropout", self.dropout, "dropout 0.5 in the generator's inner blocks, in training");
  }
};

/// What makes a discriminator. Its norm is the generator's.
struct DiscriminatorOptions {
  std::string kind = "basic";
  int64_t input_nc = 6;  ///< set by the trainer: pix2pix judges cat(A, B)
  int64_t ndf = 64;
  int64_t n_layers = 3;
  bool spectral_norm = false;
  Norm norm = Norm::kBatch;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("discriminator", self.kind,
          "network that judges: basic (70x70 patches), n_layers, pixel");
    visit("ndf", self.ndf, "discriminator filters in its first layer", Range{1, 1024});
    visit("n-layers", self.n_layers, "strided layers of discriminator n_layers", Range{1, 8});
    visit("spectral-norm", self.spectral_norm,
          "discriminator: divide every convolution by its largest singular value");
  }
};

struct InitOptions {
  InitType type = InitType::kNormal;
  double gain = 0.02;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("init-type", self.type, "how new weights are drawn; default: as LibTorch draws them");
    visit("init-gain", self.gain, "scale of new weights (normal, xavier, orthogonal)",
          Range{0, 100});
  }
};

}  // namespace solstice
