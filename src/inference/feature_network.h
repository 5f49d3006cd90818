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

/// The numbers a feature network wants for 8-bit levels 0 to 255.
enum class FeatureRange { kUnit, kSigned, kLevels };
inline constexpr std::array<Name<FeatureRange>, 3> kFeatureRangeNames{
    {{"unit", FeatureRange::kUnit},
     {"signed", FeatureRange::kSigned},
     {"levels", FeatureRange::kLevels}}};
constexpr std::span<const Name<FeatureRange>> name_table(FeatureRange) {
  return kFeatureRangeNames;
}

struct FeatureNetworkOptions {
  std::string file;
  int64_t side = 0;
  FeatureRange range = FeatureRange::kUnit;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("features", self.file,
          "TorchScript file of the network whose features kid and fid compare; it is a program: "
          "only from people you trust");
    visit("features-size", self.side, "squash images to this side for it; 0: as they are",
          Range{0, 4096});
    visit("features-range", self.range,
          "what it takes: unit [0, 1], signed [-1, 1], levels [0, 255]");
  }
};

/// A network that the user brings, for distances between sets of images. Of a TorchScript file,
/// whose forward() takes (1, 3, H, W) float32 RGB and gives (1, D) or (1, D, h, w), which is
/// averaged over its space. Where forward() has an argument `return_features`, it is set: the
/// published Inception file of StyleGAN's authors has one.
/// LibTorch runs what the file says, so a hostile file is a hostile program. One thread at a time.
class FeatureNetwork {
 public:
  /// Throws Error(kUsage) without a file, Error(kWeights) for what is no TorchScript file or has no
  /// forward(), Error(kDevice) for the device (as Translator's).
  FeatureNetwork(const FeatureNetworkOptions& options, const std::string& device);
  ~FeatureNetwork();
  FeatureNetwork(FeatureNetwork&&) noexcept;

  /// The file's stem: what distances are named after.
  std::string name() const;

  /// D numbers, all finite. Of 16 bits the upper eight count (rounded), alpha is left aside, grey
  /// is R = G = B. Throws Error(kRun) with the network's own complaint in one line.
  std::vector<float> features(const Image& image) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace solstice
