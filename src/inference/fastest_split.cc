#include <algorithm>
#include <barrier>
#include <chrono>
#include <thread>

#include "inference/device.h"
#include "inference/translator_state.h"

namespace solstice {

ComputeSplit Translator::fastest_split(int width, int height, int64_t threads) const {
  // Less would be chance.
  constexpr double kWorthIt = 1.03;
  ComputeSplit best{1, threads};
  if (!state_->device.is_cpu() || threads < 2) return best;
  const Image image{cv::Mat(height, width, CV_8UC3, cv::Scalar::all(128)), {}};
  const auto seconds_per_image = [&](const ComputeSplit& split) {
    std::barrier start(split.images);
    std::vector<double> seconds(static_cast<size_t>(split.images));
    std::vector<std::thread> callers;
    for (double& taken : seconds) {
      callers.emplace_back([&] {
        set_caller_threads(split.threads);
        translate({&image, 1});
        start.arrive_and_wait();
        const auto begin = std::chrono::steady_clock::now();
        translate({&image, 1});
        taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      });
    }
    for (std::thread& caller : callers) caller.join();
    return *std::max_element(seconds.begin(), seconds.end()) / static_cast<double>(split.images);
  };
  double fastest = seconds_per_image(best);
  for (int64_t images = 2; images <= threads; images *= 2) {
    const ComputeSplit split{images, threads / images};
    if (images * working_bytes(width, height) > state_->options.memory) break;
    const double seconds = seconds_per_image(split);
    if (seconds * kWorthIt > fastest) break;
    fastest = seconds;
    best = split;
  }
  set_caller_threads(threads);
  return best;
}

}  // namespace solstice
