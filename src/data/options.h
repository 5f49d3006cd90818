#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "core/options.h"

namespace solstice {

enum class Preprocess { kResizeAndCrop, kFit, kScaleWidth, kScaleWidthAndCrop, kCrop, kNone };
inline constexpr std::array<Name<Preprocess>, 6> kPreprocessNames{
    {{"resize_and_crop", Preprocess::kResizeAndCrop},
     {"fit", Preprocess::kFit},
     {"scale_width", Preprocess::kScaleWidth},
     {"scale_width_and_crop", Preprocess::kScaleWidthAndCrop},
     {"crop", Preprocess::kCrop},
     {"none", Preprocess::kNone}}};
constexpr std::span<const Name<Preprocess>> name_table(Preprocess) { return kPreprocessNames; }

/// Where the inputs of a data set come from.
enum class Inputs { kFiles, kShrunk, kDegraded, kGrey };
inline constexpr std::array<Name<Inputs>, 4> kInputsNames{{{"files", Inputs::kFiles},
                                                           {"shrunk", Inputs::kShrunk},
                                                           {"degraded", Inputs::kDegraded},
                                                           {"grey", Inputs::kGrey}}};
constexpr std::span<const Name<Inputs>> name_table(Inputs) { return kInputsNames; }

enum class Direction { kAtoB, kBtoA };
inline constexpr std::array<Name<Direction>, 2> kDirectionNames{
    {{"AtoB", Direction::kAtoB}, {"BtoA", Direction::kBtoA}}};
constexpr std::span<const Name<Direction>> name_table(Direction) { return kDirectionNames; }

struct DataOptions {
  std::string data;
  std::string pairs;
  Inputs inputs = Inputs::kFiles;
  Direction direction = Direction::kAtoB;
  Preprocess preprocess = Preprocess::kResizeAndCrop;
  int64_t load_size = 286;
  int64_t crop_size = 256;
  bool flip = true;
  bool rotate = false;
  int64_t repeat = 1;
  bool shuffle = true;
  int64_t max_images = 0;
  double val_split = 0;
  ByteSize memory = {int64_t{1} << 30};
  bool keep_flat_images = false;
  int64_t batch_size = 1;
  int64_t scale = 1;  ///< set by the training: the generator's

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("data", self.data, "the data set's folder");
    visit("pairs", self.pairs, "tab-separated file that names the pairs");
    visit(
        "inputs", self.inputs,
        "files: the other side of each pair; shrunk: made from one folder of good images, smaller "
        "by --scale (antialiased bicubic, as published figures have it); degraded: the same with "
        "blur, noise and JPEG of random strength, for real photographs; grey: the lightness of "
        "colour photos, whose colours "
        "are learnt");
    visit("direction", self.direction, "which side is the input");
    visit("preprocess", self.preprocess,
          "resize_and_crop (squash to load-size, random crop), fit (shorter side to load-size, "
          "random crop), scale_width (width to load-size, height at least crop-size; not cropped), "
          "scale_width_and_crop, crop, none");
    visit("load-size", self.load_size, "side after resizing, before the crop", Range{1, 16384});
    visit("crop-size", self.crop_size, "side of the square a step sees", Range{1, 16384});
    visit("flip", self.flip, "mirror half of the samples");
    visit("rotate", self.rotate, "turn samples by a quarter, half or three quarters as well");
    visit("repeat", self.repeat,
          "times that an epoch goes over every image, with other crops each time", Range{1, 1e6});
    visit("shuffle", self.shuffle, "a new order every epoch (a function of the seed)");
    visit("max-images", self.max_images, "use only the first N samples; 0: all", Range{0, 1e12});
    visit("val-split", self.val_split,
          "share of the training samples held out for validation when there is no val folder",
          Range{0, 0.9});
    visit("memory", self.memory, "decoded images kept between epochs, in all; 0: none");
    visit("keep-flat-images", self.keep_flat_images,
          "train on images of a single colour too (they are left out otherwise)");
    visit("batch-size", self.batch_size, "images per step", Range{1, 4096});
  }
};

}  // namespace solstice
