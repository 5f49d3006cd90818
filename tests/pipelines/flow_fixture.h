#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "core/stop.h"
#include "image/codec.h"
#include "pipelines/translate_flow.h"
#include "support/temporary_directory.h"

namespace solstice::testing {

/// An RGB image whose pixels differ from place to place and from seed to seed.
inline Image test_image(int width, int height, int seed = 0) {
  Image image;
  image.pixels.create(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixels.at<cv::Vec3b>(y, x) =
          cv::Vec3b(cv::saturate_cast<uchar>((3 * x + 7 * seed) % 256),
                    cv::saturate_cast<uchar>((5 * y + seed) % 256),
                    cv::saturate_cast<uchar>((x + y + 11 * seed) % 256));
    }
  }
  return image;
}

/// Written plainly: a test of thousands of files does not wait for the disk.
inline void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// test_image in the format of the path's extension.
inline void write_image(const fs::path& path, int width = 8, int height = 6, int seed = 0) {
  const EncodeOptions options{format_of_extension(path.extension().string()).value()};
  write_text(path, encode_image(test_image(width, height, seed), options));
}

/// A model that turns every image into its negative.
inline ImageModel inverting_model() {
  ImageModel model;
  model.translate = [](const Image& image) {
    Image result = image;
    result.pixels = ~image.pixels;
    return result;
  };
  model.working_bytes = [](int width, int height) { return int64_t{width} * height * 3; };
  model.description = "negative";
  return model;
}

/// The files below a folder, relative to it, without what a run keeps for itself.
inline std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    if (!entry.is_directory() && !name.starts_with(".solstice/")) files.insert(name);
  }
  return files;
}

inline std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

/// An input folder `in` and an output folder `out`, and the flow with the negative as its model.
class FlowTest : public ::testing::Test {
 protected:
  FlowTest() {
    fs::create_directories(in);
    options.inputs = {in.string()};
    options.out = out.string();
    options.jobs = 2;
  }
  void SetUp() override { request_stop(0); }
  void TearDown() override { request_stop(0); }

  TranslateSummary run() {
    results.str("");
    return run_translate_flow(options, model, results);
  }
  nlohmann::json report() const { return nlohmann::json::parse(read_file(options.report)); }

  TemporaryDirectory folder;
  const fs::path in = folder / "in";
  const fs::path out = folder / "out";
  TranslateOptions options;
  ImageModel model = inverting_model();
  std::ostringstream results;
};

}  // namespace solstice::testing
