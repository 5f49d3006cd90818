#include "data/file_datasets.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "data/preprocess.h"
#include "image/codec.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

std::string size_text(const cv::Mat& pixels) { return message(pixels.cols, "x", pixels.rows); }

cv::Mat load_pixels(const fs::path& file) { return load_image(file.string()).pixels; }

/// The crop was checked against the header; a file may have been replaced since.
void require_crop_fits(const DataOptions& options, const cv::Mat& pixels, const fs::path& file) {
  const int64_t crop = options.crop_size;
  if (options.preprocess == Preprocess::kCrop && (pixels.cols < crop || pixels.rows < crop)) {
    throw Error(ErrorKind::kInput, message(file.string(), ": is ", size_text(pixels),
                                           " now, smaller than crop-size ", crop));
  }
}

at::Tensor read_alone(const DataOptions& options, const fs::path& file, Rng& rng) {
  const cv::Mat pixels = load_pixels(file);
  require_crop_fits(options, pixels, file);
  return preprocess(pixels, draw_geometry(options, pixels.size(), rng));
}

class FileDataset : public Dataset {
 public:
  FileDataset(const DataOptions& options, std::vector<fs::path> inputs)
      : options_(options), inputs_(std::move(inputs)) {}

  int64_t size() const override { return static_cast<int64_t>(inputs_.size()); }
  Pairing pairing() const override { return Pairing::kPaired; }
  std::string name(int64_t index) const override {
    const fs::path relative = input(index).lexically_relative(options_.data);
    const bool outside = relative.empty() || *relative.begin() == "..";
    return (outside ? input(index) : relative).generic_string();
  }

 protected:
  const fs::path& input(int64_t index) const {
    return inputs_[static_cast<size_t>(index) % inputs_.size()];
  }
  const DataOptions& options() const { return options_; }

  Sample make_pair(int64_t index, const cv::Mat& from, const cv::Mat& to, Rng& rng) const {
    require_crop_fits(options_, from, input(index));
    const Geometry geometry = draw_geometry(options_, from.size(), rng);
    return {preprocess(from, geometry), preprocess(to, geometry), name(index)};
  }

 private:
  DataOptions options_;
  std::vector<fs::path> inputs_;
};

class SideBySideDataset final : public FileDataset {
 public:
  using FileDataset::FileDataset;

  Sample get(int64_t index, Rng& rng) const override {
    const cv::Mat both = load_pixels(input(index));
    const int half = both.cols / 2;
    if (half == 0 || both.cols % 2 != 0) {
      throw Error(ErrorKind::kInput, message(input(index).string(), ": is ", size_text(both),
                                             " now, which cannot be halved"));
    }
    cv::Mat from = both.colRange(0, half);
    cv::Mat to = both.colRange(half, both.cols);
    if (options().direction == Direction::kBtoA) std::swap(from, to);
    return make_pair(index, from, to, rng);
  }
};

class PairedDataset final : public FileDataset {
 public:
  PairedDataset(const DataOptions& options, std::vector<fs::path> inputs,
                std::vector<fs::path> targets)
      : FileDataset(options, std::move(inputs)), targets_(std::move(targets)) {}

  Sample get(int64_t index, Rng& rng) const override {
    const fs::path& target = targets_[static_cast<size_t>(index)];
    const cv::Mat from = load_pixels(input(index));
    const cv::Mat to = load_pixels(target);
    if (from.size() != to.size()) {
      throw Error(ErrorKind::kInput,
                  message(input(index).string(), ": is ", size_text(from), " now, its partner ",
                          target.string(), " is ", size_text(to)));
    }
    return make_pair(index, from, to, rng);
  }

 private:
  std::vector<fs::path> targets_;
};

class UnpairedDataset final : public FileDataset {
 public:
  UnpairedDataset(const DataOptions& options, std::vector<fs::path> inputs,
                  std::vector<fs::path> targets)
      : FileDataset(options, std::move(inputs)), targets_(std::move(targets)) {}

  int64_t size() const override {
    return std::max(FileDataset::size(), static_cast<int64_t>(targets_.size()));
  }
  Pairing pairing() const override { return Pairing::kUnpaired; }

  Sample get(int64_t index, Rng& rng) const override {
    const auto drawn = rng.below(static_cast<int64_t>(targets_.size()));
    at::Tensor from = read_alone(options(), input(index), rng);
    at::Tensor to = read_alone(options(), targets_[static_cast<size_t>(drawn)], rng);
    return {std::move(from), std::move(to), name(index)};
  }

 private:
  std::vector<fs::path> targets_;
};

}  // namespace

std::unique_ptr<Dataset> make_side_by_side(const DataOptions& options,
                                           std::vector<fs::path> files) {
  return std::make_unique<SideBySideDataset>(options, std::move(files));
}

std::unique_ptr<Dataset> make_paired(const DataOptions& options, std::vector<fs::path> a,
                                     std::vector<fs::path> b) {
  if (options.direction == Direction::kBtoA) std::swap(a, b);
  return std::make_unique<PairedDataset>(options, std::move(a), std::move(b));
}

std::unique_ptr<Dataset> make_unpaired(const DataOptions& options, std::vector<fs::path> a,
                                       std::vector<fs::path> b) {
  if (options.direction == Direction::kBtoA) std::swap(a, b);
  return std::make_unique<UnpairedDataset>(options, std::move(a), std::move(b));
}

}  // namespace solstice
