// The bare forward pass: seconds of Translator::translate on one decoded photo, with nothing beside
// it. `forward_pass MODEL PHOTO COUNT [fp32|bf16]` prints images/s (the median over COUNT calls,
// after two).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "image/codec.h"
#include "inference/buffer_pool.h"
#include "inference/device.h"
#include "inference/translator.h"

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: forward_pass MODEL PHOTO COUNT [fp32|bf16]\n");
    return 2;
  }
  solstice::set_compute_threads(0);
  solstice::pool_buffers(int64_t{256} << 20);
  solstice::TranslatorOptions options;
  options.model = argv[1];
  options.device = "cpu";
  if (argc == 5) {
    options.precision = solstice::value_of<solstice::InferencePrecision>("precision", argv[4]);
  }
  const solstice::Translator translator(options);
  const solstice::Image photo = solstice::load_image(argv[2]);
  std::vector<double> seconds;
  for (int i = 0; i < std::atoi(argv[3]) + 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    translator.translate({&photo, 1});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (i >= 2) seconds.push_back(took.count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<long>(seconds.size() / 2),
                   seconds.end());
  std::printf("%.3f\n", 1 / seconds[seconds.size() / 2]);
  return 0;
}
