#include "data/file_datasets.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "data/preprocess.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

class FileDataset : public Dataset {
 public:
  FileDataset(const DataOptions& options, std::shared_ptr<ImageCache> cache,
              std::vector<fs::path> inputs)
      : options_(options), images_(options, std::move(cache)), inputs_(std::move(inputs)) {}

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

  const ImageSource& images() const { return images_; }

  Geometry geometry_of(const LoadedImage& image, const fs::path& file, Rng* rng) const {
    // Checked against the header before; a file may have been replaced since.
    const cv::Size size = image.source;
    const int64_t crop = options_.crop_size;
    if (options_.preprocess == Preprocess::kCrop && std::min(size.width, size.height) < crop) {
      throw Error(ErrorKind::kInput, message(file.string(), ": is ", size_text(size),
                                             " now, smaller than crop-size ", crop));
    }
    return rng ? draw_geometry(options_, size, *rng) : centre_geometry(options_, size);
  }

  at::Tensor alone(const LoadedImage& image, const fs::path& file, Rng* rng) const {
    return preprocess(image.pixels, geometry_of(image, file, rng));
  }

  Sample make_pair(int64_t index, const LoadedImage& from, const LoadedImage& to, Rng* rng) const {
    const Geometry geometry = geometry_of(from, input(index), rng);
    return {preprocess(from.pixels, geometry), preprocess(to.pixels, geometry), name(index)};
  }

 private:
  DataOptions options_;
  ImageSource images_;
  std::vector<fs::path> inputs_;
};

class SideBySideDataset final : public FileDataset {
 public:
  using FileDataset::FileDataset;

 private:
  Sample make(int64_t index, Rng* rng) const override {
    LoadedHalves halves = images().halves(input(index));
    if (options().direction == Direction::kBtoA) std::swap(halves.left, halves.right);
    return make_pair(index, halves.left, halves.right, rng);
  }
};

class PairedDataset final : public FileDataset {
 public:
  PairedDataset(const DataOptions& options, std::shared_ptr<ImageCache> cache,
                std::vector<fs::path> inputs, std::vector<fs::path> targets)
      : FileDataset(options, std::move(cache), std::move(inputs)), targets_(std::move(targets)) {}

 private:
  Sample make(int64_t index, Rng* rng) const override {
    const fs::path& target = targets_[static_cast<size_t>(index)];
    const LoadedImage from = images().whole(input(index));
    const LoadedImage to = images().whole(target);
    if (from.source != to.source) {
      throw Error(ErrorKind::kInput,
                  message(input(index).string(), ": is ", size_text(from.source),
                          " now, its partner ", target.string(), " is ", size_text(to.source)));
    }
    return make_pair(index, from, to, rng);
  }

  std::vector<fs::path> targets_;
};

class UnpairedDataset final : public FileDataset {
 public:
  UnpairedDataset(const DataOptions& options, std::shared_ptr<ImageCache> cache,
                  std::vector<fs::path> inputs, std::vector<fs::path> targets)
      : FileDataset(options, std::move(cache), std::move(inputs)), targets_(std::move(targets)) {}

  int64_t size() const override {
    return std::max(FileDataset::size(), static_cast<int64_t>(targets_.size()));
  }
  Pairing pairing() const override { return Pairing::kUnpaired; }

 private:
  Sample make(int64_t index, Rng* rng) const override {
    const auto count = static_cast<int64_t>(targets_.size());
    const int64_t drawn = rng ? rng->below(count) : index % count;
    const fs::path& target = targets_[static_cast<size_t>(drawn)];
    at::Tensor from = alone(images().whole(input(index)), input(index), rng);
    at::Tensor to = alone(images().whole(target), target, rng);
    return {std::move(from), std::move(to), name(index)};
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
    const LoadedHalves one = images().halves(input(index));
    const LoadedHalves another = images().halves(input(other));
    at::Tensor from = alone(swapped ? one.right : one.left, input(index), rng);
    at::Tensor to = alone(swapped ? another.left : another.right, input(other), rng);
    return {std::move(from), std::move(to), name(index)};
  }
};

class RepeatedDataset final : public Dataset {
 public:
  RepeatedDataset(std::unique_ptr<Dataset> dataset, int64_t times)
      : dataset_(std::move(dataset)), times_(times) {}

  int64_t size() const override { return dataset_->size() * times_; }
  Pairing pairing() const override { return dataset_->pairing(); }
  std::string name(int64_t index) const override { return dataset_->name(inner(index)); }
  Sample get(int64_t index, Rng& rng) const override { return dataset_->get(inner(index), rng); }
  Sample get_centre(int64_t index) const override { return dataset_->get_centre(inner(index)); }

 private:
  int64_t inner(int64_t index) const { return index % dataset_->size(); }

  std::unique_ptr<Dataset> dataset_;
  int64_t times_;
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
                                           std::shared_ptr<ImageCache> cache,
                                           std::vector<fs::path> files) {
  return std::make_unique<SideBySideDataset>(options, std::move(cache), std::move(files));
}

std::unique_ptr<Dataset> make_paired(const DataOptions& options, std::shared_ptr<ImageCache> cache,
                                     std::vector<fs::path> a, std::vector<fs::path> b) {
  if (options.direction == Direction::kBtoA) std::swap(a, b);
  return std::make_unique<PairedDataset>(options, std::move(cache), std::move(a), std::move(b));
}

std::unique_ptr<Dataset> make_unpaired(const DataOptions& options,
                                       std::shared_ptr<ImageCache> cache, std::vector<fs::path> a,
                                       std::vector<fs::path> b) {
  if (options.direction == Direction::kBtoA) std::swap(a, b);
  return std::make_unique<UnpairedDataset>(options, std::move(cache), std::move(a), std::move(b));
}

std::unique_ptr<Dataset> make_unpaired_halves(const DataOptions& options,
                                              std::shared_ptr<ImageCache> cache,
                                              std::vector<fs::path> files) {
  return std::make_unique<UnpairedHalvesDataset>(options, std::move(cache), std::move(files));
}

std::unique_ptr<Dataset> make_repeated(std::unique_ptr<Dataset> dataset, int64_t times) {
  return std::make_unique<RepeatedDataset>(std::move(dataset), times);
}

std::unique_ptr<Dataset> make_centred(std::unique_ptr<Dataset> dataset) {
  return std::make_unique<CentredDataset>(std::move(dataset));
}

}  // namespace solstice
