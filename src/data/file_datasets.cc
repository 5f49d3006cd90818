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

struct Halves {
  cv::Mat left;
  cv::Mat right;
};

Halves load_halves(const fs::path& file) {
  const cv::Mat both = load_pixels(file);
  const int half = both.cols / 2;
  if (half == 0 || both.cols % 2 != 0) {
    throw Error(ErrorKind::kInput,
                message(file.string(), ": is ", size_text(both), " now, which cannot be halved"));
  }
  return {both.colRange(0, half), both.colRange(half, both.cols)};
}

class FileDataset : public Dataset {
 public:
  FileDataset(const DataOptions& options, std::vector<fs::path> inputs)
      : options_(options), inputs_(std::move(inputs)) {}

  int64_t size() const override { return static_cast<int64_t>(inputs_.size()); }
  Pairing pairing() const override { return Pairing::kPaired; }
  std::string name(int64_t index) const override { return name_of_file(input(index), options_); }
  Sample get(int64_t index, Rng& rng) const final { return make(index, &rng); }
  Sample get_centre(int64_t index) const final { return make(index, nullptr); }

 protected:
  /// Draws from `rng`; takes the middle where there is none.
  virtual Sample make(int64_t index, Rng* rng) const = 0;

  const fs::path& input(int64_t index) const {
    return inputs_[static_cast<size_t>(index) % inputs_.size()];
  }
  const DataOptions& options() const { return options_; }

  Geometry geometry_of(const cv::Mat& pixels, const fs::path& file, Rng* rng) const {
    require_crop_fits(options_, pixels, file);
    return rng ? draw_geometry(options_, pixels.size(), *rng)
               : centre_geometry(options_, pixels.size());
  }

  Sample make_pair(int64_t index, const cv::Mat& from, const cv::Mat& to, Rng* rng) const {
    const Geometry geometry = geometry_of(from, input(index), rng);
    return {preprocess(from, geometry), preprocess(to, geometry), name(index)};
  }

 private:
  DataOptions options_;
  std::vector<fs::path> inputs_;
};

class SideBySideDataset final : public FileDataset {
 public:
  using FileDataset::FileDataset;

 private:
  Sample make(int64_t index, Rng* rng) const override {
    Halves halves = load_halves(input(index));
    if (options().direction == Direction::kBtoA) std::swap(halves.left, halves.right);
    return make_pair(index, halves.left, halves.right, rng);
  }
};

class PairedDataset final : public FileDataset {
 public:
  PairedDataset(const DataOptions& options, std::vector<fs::path> inputs,
                std::vector<fs::path> targets)
      : FileDataset(options, std::move(inputs)), targets_(std::move(targets)) {}

 private:
  Sample make(int64_t index, Rng* rng) const override {
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

 private:
  Sample make(int64_t index, Rng* rng) const override {
    const auto count = static_cast<int64_t>(targets_.size());
    const int64_t drawn = rng ? rng->below(count) : index % count;
    at::Tensor from = read(input(index), rng);
    at::Tensor to = read(targets_[static_cast<size_t>(drawn)], rng);
    return {std::move(from), std::move(to), name(index)};
  }

  at::Tensor read(const fs::path& file, Rng* rng) const {
    const cv::Mat pixels = load_pixels(file);
    return preprocess(pixels, geometry_of(pixels, file, rng));
  }

  std::vector<fs::path> targets_;
};

class UnpairedHalvesDataset final : public FileDataset {
 public:
  using FileDataset::FileDataset;

  Pairing pairing() const override { return Pairing::kUnpaired; }

 private:
  Sample make(int64_t index, Rng* rng) const override {
    // Another file's, so that no pair is learnt from by accident; there may be but one.
    int64_t other = index;
    if (rng) other = (index + 1 + rng->below(std::max<int64_t>(size() - 1, 1))) % size();
    const bool swapped = options().direction == Direction::kBtoA;
    at::Tensor from = read(index, swapped ? &Halves::right : &Halves::left, rng);
    at::Tensor to = read(other, swapped ? &Halves::left : &Halves::right, rng);
    return {std::move(from), std::move(to), name(index)};
  }

  at::Tensor read(int64_t index, cv::Mat Halves::*side, Rng* rng) const {
    const cv::Mat pixels = load_halves(input(index)).*side;
    return preprocess(pixels, geometry_of(pixels, input(index), rng));
  }
};

class CentredDataset final : public Dataset {
 public:
  explicit CentredDataset(std::unique_ptr<Dataset> dataset) : dataset_(std::move(dataset)) {}

  int64_t size() const override { return dataset_->size(); }
  Pairing pairing() const override { return dataset_->pairing(); }
  std::string name(int64_t index) const override { return dataset_->name(index); }
  Sample get(int64_t index, Rng&) const override { return dataset_->get_centre(index); }
  Sample get_centre(int64_t index) const override { return dataset_->get_centre(index); }

 private:
  std::unique_ptr<Dataset> dataset_;
};

}  // namespace

std::string name_of_file(const fs::path& file, const DataOptions& options) {
  const fs::path relative = file.lexically_relative(options.data);
  const bool outside = relative.empty() || *relative.begin() == "..";
  return (outside ? file : relative).generic_string();
}

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

std::unique_ptr<Dataset> make_unpaired_halves(const DataOptions& options,
                                              std::vector<fs::path> files) {
  return std::make_unique<UnpairedHalvesDataset>(options, std::move(files));
}

std::unique_ptr<Dataset> make_centred(std::unique_ptr<Dataset> dataset) {
  return std::make_unique<CentredDataset>(std::move(dataset));
}

}  // namespace solstice
