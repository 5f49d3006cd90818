// Time and memory of one training step on random images, nothing beside it.
//
//   training_step [--steps N] [--threads N] [--size SIDE] [--OPTION VALUE]...
//
// OPTION is any option of the trainer: --trainer, --generator, --norm, --precision, ... Prints the
// median wall and processor time of N steps (5) after two, and the peak of resident memory. The
// reference's own step is timed by reference_step.py.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "models/trainers/trainer.h"

namespace {

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

int run(int argc, char** argv) {
  solstice::TrainerOptions options;
  std::map<std::string, int64_t> own{{"--steps", 5}, {"--threads", 0}, {"--size", 256}};
  std::vector<solstice::Field> fields = solstice::fields_of(options);
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const solstice::Field& f) {
      return "--" + f.name == flag;
    });
    if (field != fields.end()) {
      field->set(argv[i + 1]);
    } else if (own.count(flag) != 0) {
      own[flag] = std::stoll(argv[i + 1]);
    } else {
      std::fprintf(stderr, "unknown option %s\n", flag.c_str());
      return 2;
    }
  }
  if (own["--threads"] > 0) at::set_num_threads(static_cast<int>(own["--threads"]));
  const auto trainer = solstice::trainer_row(options.kind).make(options);
  const int64_t side = own["--size"];
  const solstice::Batch batch{
      .input = at::rand({1, options.generator.input_nc, side, side}) * 2 - 1,
      .target = at::rand({1, options.generator.output_nc, side, side}) * 2 - 1,
      .pairing = solstice::trainer_row(options.kind).pairing};
  std::vector<double> wall, processor;
  for (int64_t step = 0; step < own["--steps"] + 2; ++step) {
    const auto start = std::chrono::steady_clock::now();
    const double used = processor_seconds();
    trainer->step(batch);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (step < 2) continue;
    wall.push_back(took.count());
    processor.push_back(processor_seconds() - used);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%s %s, %d threads: %.0f ms, processor %.0f ms, peak %ld MiB\n", options.kind.c_str(),
              options.generator.kind.c_str(), at::get_num_threads(), 1e3 * median(wall),
              1e3 * median(processor), usage.ru_maxrss / 1024);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const solstice::Error& error) {
    std::fprintf(stderr, "training_step: %s\n", error.what());
    return 2;
  }
}
