// What the codecs alone reach: every image of a folder decoded and encoded again in its own format,
// on all processors; nothing is written, or, with OUT, each result to a file there (no rename, no
// sync). `codec_rate FOLDER [OUT]` prints images/s and megapixels/s.
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/files.h"
#include "image/codec.h"

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: codec_rate FOLDER [OUT]\n");
    return 2;
  }
  // As translate does: else buffers are given back and zeroed anew, a tenth of the time.
  mallopt(M_MMAP_THRESHOLD, 1 << 25);
  mallopt(M_TRIM_THRESHOLD, 1 << 26);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1])) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  if (argc == 3) std::filesystem::create_directory(argv[2]);
  std::atomic<size_t> next{0};
  std::atomic<int64_t> pixels{0};
  const auto work = [&] {
    for (size_t i = next++; i < files.size(); i = next++) {
      const solstice::Image image = solstice::load_image(files[i]);
      const std::string bytes = solstice::encode_image(image, {image.metadata.format});
      if (argc == 3)
        std::ofstream(std::filesystem::path(argv[2]) / std::to_string(i), std::ios::binary)
            << bytes;
      pixels += int64_t{image.width()} * image.height();
    }
  };
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%.2f images/s, %.2f megapixels/s\n",
              static_cast<double>(files.size()) / took.count(),
              static_cast<double>(pixels) * 1e-6 / took.count());
  return 0;
}
