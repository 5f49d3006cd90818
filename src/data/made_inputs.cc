#include <algorithm>
#include <numeric>
#include <opencv2/core.hpp>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "data/degradation.h"
#include "data/file_datasets.h"
#include "data/grey_inputs.h"
#include "data/preprocess.h"
#include "image/imresize.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

/// A side of what get_centre() takes: enough to judge by, whatever the camera.
constexpr int kLargestCentre = 512;

/// What get_centre() draws by, beside the index: the same in every epoch.
constexpr uint64_t kCentreKey = 0xce47;

/// Pixels of the input around a crop that its resizing sees.
constexpr int kMargin = 4;

/// Sides of get_centre() are multiples of this as well, which networks that halve twice take.
constexpr int64_t kCentreStep = 4;

cv::Rect centre_of(cv::Size size, int64_t scale) {
  const auto side = [&](int length) {
    const int64_t both = std::lcm(scale, kCentreStep), step = length < both ? scale : both;
    return static_cast<int>(std::min(length, kLargestCentre) / step * step);
  };
  const cv::Size crop(side(size.width), side(size.height));
  const cv::Size margin = size - crop;
  return {cv::Point(margin.width / 2, margin.height / 2), crop};
}

/// Samples whose inputs are made from their targets.
class MadeInputs final : public Dataset {
 public:
  MadeInputs(const DataOptions& options, std::shared_ptr<ImageCache> cache,
             std::vector<fs::path> files)
      : options_(options), images_(options, std::move(cache)), files_(std::move(files)) {}

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  Pairing pairing() const override { return Pairing::kPaired; }
  std::string name(int64_t index) const override { return name_of_file(file(index), options_); }

  Sample get(int64_t index, Rng& rng) const override {
    const LoadedImage image = load(index);
    const Geometry geometry = draw_geometry(options_, image.source, rng);
    return make(index, image, geometry, rng);
  }

  Sample get_centre(int64_t index) const override {
    const LoadedImage image = load(index);
    Geometry geometry = centre_geometry(options_, image.source);
    if (options_.inputs != Inputs::kGrey) {
      geometry.crop = centre_of(geometry.resized, options_.scale);
    }
    Rng rng({kCentreKey, static_cast<uint64_t>(index)});
    return make(index, image, geometry, rng);
  }

 private:
  const fs::path& file(int64_t index) const { return files_[static_cast<size_t>(index)]; }

  LoadedImage load(int64_t index) const {
    LoadedImage image = images_.whole(file(index));
    const cv::Size size = image.source;
    // Checked against the header before; a file may have been replaced since.
    if (options_.preprocess == Preprocess::kCrop &&
        std::min(size.width, size.height) < options_.crop_size) {
      throw Error(ErrorKind::kInput, message(file(index).string(), ": is ", size_text(size),
                                             " now, smaller than crop-size ", options_.crop_size));
    }
    return image;
  }

  Sample make(int64_t index, const LoadedImage& image, const Geometry& geometry, Rng& rng) const {
    const cv::Mat target = cut(image.pixels, geometry);
    if (options_.inputs == Inputs::kGrey) {
      return make_grey_sample(turned_pixels(target, geometry), name(index));
    }
    return {oriented(input_of(image.pixels, geometry, rng), geometry), oriented(target, geometry),
            name(index)};
  }

  /// The crop as it is in the whole image made smaller: its resizing sees what is around it.
  cv::Mat input_of(const cv::Mat& pixels, const Geometry& geometry, Rng& rng) const {
    const auto scale = static_cast<int>(options_.scale);
    const cv::Rect& crop = geometry.crop;
    const auto margin = [&](int room) { return std::min(room / scale, kMargin); };
    const cv::Point before(margin(crop.x), margin(crop.y));
    const cv::Point after(margin(geometry.resized.width - crop.br().x),
                          margin(geometry.resized.height - crop.br().y));
    const cv::Size small = crop.size() / scale;
    const cv::Size around(before.x + small.width + after.x, before.y + small.height + after.y);
    Geometry wider = geometry;
    wider.crop = {crop.tl() - scale * before, around * scale};
    const cv::Mat good = cut(pixels, wider);
    const cv::Mat made =
        options_.inputs == Inputs::kDegraded ? degrade(good, around, rng) : imresize(good, around);
    return made(cv::Rect(before, small));
  }

  DataOptions options_;
  ImageSource images_;
  std::vector<fs::path> files_;
};

}  // namespace

std::unique_ptr<Dataset> make_from_images(const DataOptions& options,
                                          std::shared_ptr<ImageCache> cache,
                                          std::vector<fs::path> files) {
  return std::make_unique<MadeInputs>(options, std::move(cache), std::move(files));
}

}  // namespace solstice
