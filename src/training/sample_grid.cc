#include "training/sample_grid.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "training/pictures.h"

namespace solstice {
namespace {

constexpr int64_t kSampleRows = 4;

}  // namespace

Batch choose_samples(const DataOptions& options, const Dataset& training, const Dataset* held_out) {
  // Held-out images where there are some: how training images look says little.
  OpenedDataset test;
  if (held_out == nullptr && has_split(options, "test")) {
    try {
      test = open_dataset(options, "test", training.pairing());
    } catch (const Error& error) {
      log_warning(message("no sample grids of the test images: ", error.what()));
    }
  }
  const Dataset& dataset = held_out != nullptr ? *held_out
                           : test.dataset      ? *test.dataset
                                               : training;
  const int64_t rows = std::min(kSampleRows, dataset.size());
  std::vector<Sample> samples;
  for (int64_t row = 0; row < rows; ++row) {
    try {
      Sample sample = dataset.get_centre(row * dataset.size() / rows);
      const bool fits = samples.empty() || sample.input.sizes() == samples[0].input.sizes();
      if (fits) samples.push_back(std::move(sample));
    } catch (const Error& error) {
      log_warning(message(error.what(), "; left out of the sample grids"));
    }
  }
  if (samples.empty()) return {};
  return collate(samples, dataset.pairing());
}

cv::Mat sample_grid(const SampleImages& images, Inputs inputs) {
  constexpr int kGap = 2;
  int cell_width = 1;
  int cell_height = 1;
  int64_t rows = 0;
  for (const auto& entry : images) {
    cell_width = std::max(cell_width, static_cast<int>(entry.second.size(3)));
    cell_height = std::max(cell_height, static_cast<int>(entry.second.size(2)));
    rows = std::max(rows, entry.second.size(0));
  }
  const int columns = static_cast<int>(images.size());
  cv::Mat grid(static_cast<int>(rows) * (cell_height + kGap) - kGap,
               columns * (cell_width + kGap) - kGap, CV_8UC3, cv::Scalar::all(255));
  for (int column = 0; column < columns; ++column) {
    const at::Tensor& batch = images[static_cast<size_t>(column)].second;
    for (int64_t row = 0; row < batch.size(0); ++row) {
      cv::Mat cell = picture_of(batch[row], images[0].second[row], inputs);
      if (cell.channels() == 1) cv::cvtColor(cell, cell, cv::COLOR_GRAY2RGB);
      const cv::Rect place(column * (cell_width + kGap),
                           static_cast<int>(row) * (cell_height + kGap), cell.cols, cell.rows);
      cell.copyTo(grid(place));
    }
  }
  return grid;
}

}  // namespace solstice
