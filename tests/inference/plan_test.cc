#include "inference/plan.h"

#include <ATen/Parallel.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "models/networks/image_module.h"
#include "models/networks/winograd.h"

namespace solstice {
namespace {

constexpr double kLevel = 2.0 / 255;  ///< of 8 bits, in [-1, 1]

struct Made {
  std::shared_ptr<ImageModule> network;
  GeneratorOptions options;
  LayerGraph graph() const {
    return generator_row(options.kind).graph(state_of(*network), options);
  }
};

/// A network in evaluation whose every tensor says something, running statistics included.
Made make_network(const std::string& kind, Norm norm, int64_t ngf = 16) {
  GeneratorOptions options{.kind = kind, .ngf = ngf, .norm = norm};
  torch::manual_seed(3);
  Made made{make_generator(options), options};
  initialize(*made.network, {});
  for (const auto& [name, tensor] : state_of(*made.network)) {
    const at::NoGradGuard no_grad;
    if (name.ends_with("running_var")) at::Tensor(tensor).uniform_(0.5, 2);
    if (name.ends_with("running_mean") || name.ends_with("bias"))
      at::Tensor(tensor).normal_(0, 0.1);
  }
  made.network->eval();
  return made;
}

at::Tensor picture(int64_t height, int64_t width) {
  torch::manual_seed(5);
  return at::rand({1, 3, height, width}) * 2 - 1;
}

at::Tensor run(const Plan& plan, const PlanSchedule& schedule, const at::Tensor& image,
               int64_t scale = 1) {
  at::Tensor result =
      at::full({1, image.size(1), image.size(2) * scale, image.size(3) * scale}, 99.0);
  int64_t next = 0;
  plan.run(schedule,
           {image.size(2), image.size(3),
            [&](int64_t first, int64_t count) { return image.narrow(2, first, count); }},
           [&](int64_t first, const at::Tensor& rows) {
             EXPECT_EQ(first, next) << "rows come from top to bottom";
             next = first + rows.size(2);
             result.narrow(2, first, rows.size(2)).copy_(rows);
           });
  EXPECT_EQ(next, image.size(2) * scale);
  return result;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

const std::vector<std::pair<const char*, Norm>> kNetworks{
    {"resnet_3blocks", Norm::kInstance}, {"resnet_2blocks", Norm::kBatch},
    {"resnet_1blocks", Norm::kNone},     {"unet_16", Norm::kBatch},
    {"unet_32", Norm::kInstance},        {"pointwise", Norm::kNone}};

TEST(Plan, EqualsTheNetworkAsAWholeAndInStrips) {
  const c10::InferenceMode guard;
  for (const auto& [kind, norm] : kNetworks) {
    const Made made = make_network(kind, norm);
    for (const auto& [height, width] :
         std::vector<std::pair<int64_t, int64_t>>{{160, 96}, {96, 224}}) {
      const at::Tensor image = picture(height, width);
      const WinogradOff plain;
      const at::Tensor expected = made.network->forward(image);
      const Plan plan(made.graph(), at::kCPU, at::kFloat);
      for (const int64_t rows : {height, int64_t{64}, int64_t{32}}) {
        PlanSchedule schedule = plan.with_strips(height, width, rows);
        for (const int64_t share : {16, 4}) {
          schedule.kept_share = share;
          const at::Tensor result = run(plan, schedule, image);
          EXPECT_LT(largest_difference(result, expected), 1e-4) << kind << " in strips of " << rows;
        }
      }
    }
  }
}

at::Tensor steps_down(const at::Tensor& image) {
  return image.narrow(2, 1, image.size(2) - 1) - image.narrow(2, 0, image.size(2) - 1);
}

/// How much the steps from row to row across the borders of strips of `rows` differ from those of
/// the whole image, as a share of what steps are there.
double seam(const at::Tensor& image, const at::Tensor& whole, int64_t rows) {
  const at::Tensor expected = steps_down(whole);
  const at::Tensor apart = (steps_down(image) - expected).abs();
  double at_borders = 0;
  int64_t borders = 0;
  for (int64_t y = rows; y < image.size(2); y += rows, ++borders) {
    at_borders += apart.narrow(2, y - 1, 1).mean().item<double>();
  }
  return at_borders / static_cast<double>(borders) / expected.abs().mean().item<double>();
}

TEST(Plan, ShowsNoSeamBetweenStrips) {
  const c10::InferenceMode guard;
  constexpr int64_t kRows = 64, kHeight = 256, kWidth = 128;
  const at::Tensor image = picture(kHeight, kWidth);
  for (const auto& [kind, norm] :
       std::vector<std::pair<const char*, Norm>>{{"unet_64", Norm::kInstance},
                                                 {"unet_64", Norm::kBatch},
                                                 {"resnet_3blocks", Norm::kInstance}}) {
    const Made made = make_network(kind, norm);
    const Plan plan(made.graph(), at::kCPU, at::kFloat);
    const at::Tensor whole = run(plan, plan.with_strips(kHeight, kWidth, kHeight), image);
    const at::Tensor strips = run(plan, plan.with_strips(kHeight, kWidth, kRows), image);
    EXPECT_LT(seam(strips, whole, kRows), 1e-4) << kind;
    // Each tile by itself, as is done elsewhere.
    std::vector<at::Tensor> tiles;
    for (const at::Tensor& tile : image.split(kRows, 2)) {
      tiles.push_back(run(plan, plan.with_strips(kRows, kWidth, kRows), tile.contiguous()));
    }
    EXPECT_GT(seam(at::cat(tiles, 2), whole, kRows), 0.1) << kind << ": the measure sees seams";
  }
}

TEST(Plan, EnlargesAsAWholeAndInStripsOfFewRows) {
  const c10::InferenceMode guard;
  for (const auto& [kind, norm, scale] :
       std::vector<std::tuple<const char*, Norm, int64_t>>{{"edsr_3blocks", Norm::kNone, 1},
                                                           {"edsr_3blocks", Norm::kNone, 2},
                                                           {"edsr_3blocks", Norm::kNone, 3},
                                                           {"edsr_3blocks", Norm::kNone, 4},
                                                           {"srresnet_2blocks", Norm::kBatch, 2},
                                                           {"srresnet_2blocks", Norm::kInstance, 4},
                                                           {"srresnet_2blocks", Norm::kNone, 3},
                                                           {"compact_2convs", Norm::kNone, 1},
                                                           {"compact_2convs", Norm::kNone, 2},
                                                           {"compact_2convs", Norm::kNone, 3},
                                                           {"compact_2convs", Norm::kNone, 4},
                                                           {"rrdb_2blocks", Norm::kNone, 1},
                                                           {"rrdb_2blocks", Norm::kNone, 2},
                                                           {"rrdb_3blocks", Norm::kNone, 4}}) {
    torch::manual_seed(3);
    GeneratorOptions options{.kind = kind, .ngf = 16, .norm = norm, .scale = scale};
    Made made{make_generator(options), options};
    for (at::Tensor& weight : made.network->parameters())
      weight.set_data(at::randn_like(weight) * 0.08);
    made.network->eval();
    const bool divides = generator_row(kind).size_multiple(options) > 1;
    const int64_t height = divides ? 60 : 61, width = divides ? 36 : 37;
    const at::Tensor image = picture(height, width);
    const at::Tensor expected = made.network->forward(image);
    const Plan plan(made.graph(), at::kCPU, at::kFloat);
    for (const int64_t rows : {height, int64_t{32}, int64_t{16}, int64_t{8}, int64_t{1}}) {
      const at::Tensor result = run(plan, plan.with_strips(height, width, rows), image, scale);
      EXPECT_LT(largest_difference(result, expected), 1e-4)
          << kind << scale << " in strips of " << rows;
    }
  }
}

TEST(Plan, EqualsTheNetworkWhereItKeepsNoPlaneAboveAnEighth) {
  const c10::InferenceMode guard;
  for (const char* kind : {"unet_32", "resnet_2blocks"}) {
    const Made made = make_network(kind, Norm::kBatch);
    const at::Tensor image = picture(160, 96);
    const Plan plan(made.graph(), at::kCPU, at::kFloat);
    const WinogradOff plain;
    const at::Tensor expected = made.network->forward(image);
    const PlanSchedule frugal = plan.with_frugal_strips(160, 96, 32);
    EXPECT_LT(frugal.bytes, plan.with_strips(160, 96, 32).bytes) << kind;
    EXPECT_LT(largest_difference(run(plan, frugal, image), expected), 1e-4) << kind;
  }
}

TEST(Plan, StaysWithinALevelWhenPlanesAreHalved) {
  const c10::InferenceMode guard;
  const Made made = make_network("resnet_9blocks", Norm::kInstance, 32);
  const at::Tensor image = picture(128, 96);
  const Plan plan(made.graph(), at::kCPU, at::kFloat);
  PlanSchedule schedule = plan.with_strips(128, 96, 32);
  const at::Tensor whole = run(plan, plan.with_strips(128, 96, 128), image);
  schedule.halves_maps = true;
  const double difference = largest_difference(run(plan, schedule, image), whole);
  EXPECT_LT(difference, kLevel);
  EXPECT_GT(difference, 0) << "nothing was halved";
}

TEST(Plan, ConvolvesByWinogradInStripsToo) {
  const c10::InferenceMode guard;
  const Made made = make_network("resnet_2blocks", Norm::kInstance, 64);
  for (const int64_t width : {40, 1100}) {  // more tiles in a row than one block has
    const at::Tensor image = picture(104, width);
    const Plan plan(made.graph(), at::kCPU, at::kFloat);
    const WinogradOff plain;
    const at::Tensor expected = made.network->forward(image);
    for (const int64_t rows : {104, 32}) {
      const at::Tensor result = run(plan, plan.with_strips(104, width, rows), image);
      EXPECT_LT(largest_difference(result, expected), 1e-4);
    }
  }
}

TEST(Plan, GivesTheSameBytesForEveryNumberOfThreads) {
  const c10::InferenceMode guard;
  for (const auto& [kind, norm] : kNetworks) {
    const Made made = make_network(kind, norm, 64);
    const at::Tensor image = picture(96, 64);
    const Plan plan(made.graph(), at::kCPU, at::kFloat);
    const PlanSchedule schedule = plan.with_strips(96, 64, 96);
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    const at::Tensor alone = run(plan, schedule, image);
    at::set_num_threads(3);
    EXPECT_TRUE(at::equal(run(plan, schedule, image), alone)) << kind;
    at::set_num_threads(threads);
  }
}

TEST(Plan, ComputesInBfloat16) {
  const c10::InferenceMode guard;
  const Made made = make_network("resnet_3blocks", Norm::kInstance);
  const at::Tensor image = picture(64, 64);
  const Plan exact(made.graph(), at::kCPU, at::kFloat), fast(made.graph(), at::kCPU, at::kBFloat16);
  const PlanSchedule whole = exact.with_strips(64, 64, 64);
  const at::Tensor expected = run(exact, whole, image);
  for (const int64_t rows : {64, 32}) {
    const at::Tensor result = run(fast, fast.with_strips(64, 64, rows), image);
    EXPECT_LT((result - expected).pow(2).mean().sqrt().item<double>(), 0.03);
    EXPECT_GT(largest_difference(result, expected), 1e-4) << "it was not bfloat16";
  }
}

/// How often the numbers of a weight are kept.
double copies_of(const at::Tensor& weight) {
  const bool is_block = weight.size(2) == 3 && weight.size(0) == weight.size(1);
  if (is_block) return 4;  // Winograd's 36 numbers stand for 9
  const int64_t fewest_channels = std::min(weight.size(0), weight.size(1));
  if (weight.size(2) != 4 || fewest_channels < 32 || weight.numel() > 1 << 22) return 1;
  // As it is, and packed or by a Winograd whose 16 numbers stand for 4.
  return weight.numel() <= 1 << 20 ? 5 : 2;
}

TEST(Plan, CountsWhatItsWeightsTake) {
  for (const auto& [kind, norm] : kNetworks) {
    const Made made = make_network(kind, norm, 64);
    double expected = 0, of_large = 0;
    for (const auto& [name, tensor] : state_of(*made.network)) {
      if (tensor.dim() != 4) continue;
      const double bytes = 4. * static_cast<double>(tensor.numel()), copies = copies_of(tensor);
      expected += copies * bytes;
      of_large += (copies == 2 ? 5 : copies) * bytes;
    }
    const Plan plan(made.graph(), at::kCPU, at::kFloat);
    // Rows of spectra are padded.
    const auto bytes = static_cast<double>(plan.weight_bytes(256, 256));
    EXPECT_NEAR(bytes, expected, 0.07 * expected) << kind;
    const auto for_large = static_cast<double>(plan.weight_bytes(65536, 65536));
    EXPECT_NEAR(for_large, of_large, 0.07 * of_large) << kind;
  }
}

/// While it lives, counts the bytes of tensors on the CPU. Of each buffer they stand before it.
class AllocationCounter final : public c10::Allocator {
 public:
  AllocationCounter() : before_(c10::GetCPUAllocator()) {
    now_ = peak_ = 0;
    c10::SetCPUAllocator(this);
  }
  ~AllocationCounter() override { c10::SetCPUAllocator(before_); }

  c10::DataPtr allocate(size_t bytes) override {
    const size_t whole = (bytes + 2 * kHeader - 1) / kHeader * kHeader;
    auto* block = static_cast<char*>(std::aligned_alloc(kHeader, whole));
    std::memcpy(block, &bytes, sizeof bytes);
    peak_ = std::max<int64_t>(peak_, now_ += static_cast<int64_t>(bytes));
    return {block + kHeader, block + kHeader, &give_back, at::Device(at::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
  int64_t peak() const { return peak_; }

 private:
  static constexpr size_t kHeader = 64;
  static void give_back(void* data) {
    char* block = static_cast<char*>(data) - kHeader;
    size_t bytes = 0;
    std::memcpy(&bytes, block, sizeof bytes);
    now_ -= static_cast<int64_t>(bytes);
    std::free(block);
  }

  c10::Allocator* before_;
  static inline std::atomic<int64_t> now_ = 0, peak_ = 0;
};

TEST(Plan, TakesNoMoreMemoryThanItsScheduleSays) {
  const c10::InferenceMode guard;
  for (const auto& [kind, norm] :
       std::vector<std::pair<const char*, Norm>>{{"resnet_3blocks", Norm::kInstance},
                                                 {"resnet_3blocks", Norm::kBatch},
                                                 {"unet_32", Norm::kBatch},
                                                 {"unet_32", Norm::kInstance}}) {
    const Made made = make_network(kind, norm, 32);
    const Plan plan(made.graph(), at::kCPU, at::kFloat);
    const at::Tensor image = picture(768, 512);
    run(plan, plan.with_strips(768, 512, 64), image);  // packs the weights
    for (const PlanSchedule& schedule :
         {plan.with_strips(768, 512, 64), plan.with_frugal_strips(768, 512, 64),
          plan.best(768, 512, plan.with_strips(768, 512, 0).bytes - 1)}) {
      const AllocationCounter counter;
      plan.run(
          schedule,
          {768, 512, [&](int64_t first, int64_t count) { return image.narrow(2, first, count); }},
          [](int64_t, const at::Tensor&) {});
      // Kernels' own buffers, which do not grow with the image, are large beside this one.
      EXPECT_LT(static_cast<double>(counter.peak()), 1.3 * static_cast<double>(schedule.bytes))
          << kind << " " << name_of(norm) << (schedule.halves_maps ? " in halves" : "");
    }
  }
}

TEST(Plan, TakesALargePhotoThroughAUnetInAGigabyteAndAHalf) {
  const GeneratorOptions options{.kind = "unet_256"};
  const auto network = make_generator(options);
  network->eval();
  const Plan plan(generator_row(options.kind).graph(state_of(*network), options), at::kCPU,
                  at::kFloat);
  EXPECT_LT(plan.best(4096, 6144, 1).bytes, int64_t{1500} << 20);
}

TEST(Plan, ChoosesTheLargestPiecesThatFit) {
  const Made made = make_network("resnet_9blocks", Norm::kInstance, 64);
  const Plan plan(made.graph(), at::kCPU, at::kFloat);
  const int64_t whole = plan.with_strips(1024, 1024, 1024).bytes;
  EXPECT_EQ(plan.best(1024, 1024, whole).strip_rows, 0);
  const PlanSchedule strips = plan.best(1024, 1024, whole - 1);
  EXPECT_GT(strips.strip_rows, 0);
  EXPECT_LT(strips.bytes, whole);
  // Planes of half the sides are not made again for each norm while there is memory for them.
  EXPECT_EQ(strips.kept_share, 4);
  const PlanSchedule narrow = plan.best(1024, 1024, plan.with_strips(1024, 1024, 128).bytes);
  EXPECT_EQ(narrow.kept_share, 16);
  EXPECT_FALSE(narrow.halves_maps);
  const PlanSchedule least = plan.best(1024, 1024, 1);
  EXPECT_TRUE(least.halves_maps);
  EXPECT_LT(least.bytes, strips.bytes);
  // 24 megapixels in less than what 3 GiB leave beside the program and the images.
  EXPECT_LT(plan.best(4000, 6000, 1).bytes, int64_t{2300} << 20);
}

}  // namespace
}  // namespace solstice
