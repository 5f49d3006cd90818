#pragma once

#include <filesystem>
#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <string_view>

#include "core/error.h"
#include "data/dataset.h"
#include "support/temporary_directory.h"

namespace solstice::testing {

/// A picture in which every pixel differs from its neighbours and from those of another `number`.
inline cv::Mat picture(int width, int height, int number = 0) {
  cv::Mat pixels(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      pixels.at<cv::Vec3b>(y, x) = cv::Vec3b(static_cast<uchar>((7 * x + 13 * number) % 256),
                                             static_cast<uchar>((11 * y + 29 * number) % 256),
                                             static_cast<uchar>((x * y + number) % 256));
    }
  }
  return pixels;
}

inline void write_picture(const std::filesystem::path& file, const cv::Mat& pixels) {
  std::filesystem::create_directories(file.parent_path());
  if (!cv::imwrite(file.string(), pixels)) throw std::runtime_error("imwrite: " + file.string());
}

inline void write_text(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

/// Cuts a file to a part of its length.
inline void truncate_file(const std::filesystem::path& file, double part) {
  const auto size = static_cast<double>(std::filesystem::file_size(file));
  std::filesystem::resize_file(file, static_cast<uintmax_t>(size * part));
}

/// Options that take an image as it is: only cropped, in the order of the files.
inline DataOptions plain_options(const std::filesystem::path& data, int64_t crop) {
  DataOptions options;
  options.data = data.string();
  options.preprocess = Preprocess::kCrop;
  options.crop_size = crop;
  options.flip = false;
  options.keep_flat_images = true;  // one level a file tells files apart
  options.shuffle = false;
  return options;
}

inline OpenedDataset open_pairs(const DataOptions& options, const std::string& split = "train") {
  return open_dataset(options, split, Pairing::kPaired);
}

/// Sample `index` with a generator of its own.
inline Sample sample_of(const Dataset& dataset, int64_t index, uint64_t seed = 1) {
  Rng rng({seed, static_cast<uint64_t>(index)});
  return dataset.get(index, rng);
}

/// The names of all samples, separated by blanks.
inline std::string names_of(const Dataset& dataset) {
  std::string names;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    if (i > 0) names += ' ';
    names += dataset.name(i);
  }
  return names;
}

/// "file: what" lines, with the data set's folder left out.
inline std::string text_of(const std::vector<DataProblem>& problems,
                           const std::filesystem::path& data) {
  std::string text;
  for (const DataProblem& problem : problems) {
    text += problem.file + ": " + problem.what + "\n";
  }
  const std::string folder = data.string() + "/";
  for (size_t at; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
  return text;
}

/// The message and kind of the Error that a call throws; "no error" when it throws none.
template <class Call>
std::string error_of(ErrorKind kind, Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind() == kind ? error.what() : std::string("another kind: ") + error.what();
  }
  return "no error";
}

}  // namespace solstice::testing
