#include "support/photos.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "core/rng.h"
#include "image/codec.h"
#include "support/program.h"

namespace solstice::testing {

namespace fs = std::filesystem;

Image make_photo(int width, int height, uint64_t seed) {
  Rng rng({seed, 77});
  const double phase = rng.uniform(0, 6.28);
  const auto edge = static_cast<int>(rng.below(std::max(1, width)));
  Image image;
  image.pixels = cv::Mat(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    auto* row = image.pixels.ptr<uint8_t>(y);
    for (int x = 0; x < width; ++x) {
      const double wave = 60 * std::sin(phase + x * 0.11 + y * 0.07);
      const double values[3] = {120 + wave, x < edge ? 190.0 : 90.0, 40 + 160.0 * y / height};
      for (int c = 0; c < 3; ++c) {
        const double noisy = values[c] + rng.uniform(-6, 6);
        row[3 * x + c] = static_cast<uint8_t>(std::clamp(noisy, 0.0, 255.0));
      }
    }
  }
  return image;
}

void make_photos(const fs::path& folder, int count, int width, int height) {
  fs::create_directories(folder);
  for (int i = 0; i < count; ++i) {
    char name[32];
    std::snprintf(name, sizeof name, "%03d.jpg", i);
    save_image((folder / name).string(), make_photo(width, height, static_cast<uint64_t>(i)));
  }
}

void make_pairs(const fs::path& data, int count, int width, int height) {
  fs::create_directories(data / "trainA");
  fs::create_directories(data / "trainB");
  for (int i = 0; i < count; ++i) {
    const std::string name = std::to_string(i) + ".png";
    Image day = make_photo(width, height, static_cast<uint64_t>(i));
    save_image((data / "trainA" / name).string(), day);
    day.pixels = day.pixels * 0.4;
    save_image((data / "trainB" / name).string(), day);
  }
}

fs::path make_run(const fs::path& where) {
  const fs::path data = where.string() + "-data";
  make_pairs(data, 2, 32, 32);
  const Finished trained = run_solstice({"train",
                                         "--data",
                                         data.string(),
                                         "--out",
                                         where.string(),
                                         "--generator",
                                         "unet_32",
                                         "--ngf",
                                         "4",
                                         "--ndf",
                                         "4",
                                         "--load-size",
                                         "32",
                                         "--crop-size",
                                         "32",
                                         "--steps",
                                         "2",
                                         "--discriminator",
                                         "pixel",
                                         "--threads",
                                         "1",
                                         "--device",
                                         "cpu"});
  if (trained.code != 0) throw std::runtime_error("training the test model failed: " + trained.err);
  return where;
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> files_below(const fs::path& folder) {
  std::vector<std::string> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    if (entry.is_regular_file() && !name.starts_with(".solstice/")) files.push_back(name);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace solstice::testing
