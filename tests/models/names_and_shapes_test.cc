// Names, shapes and counts of full-size networks: a file format. The golden lists are what the
// Python reference registers; a change here is a change of every file that people have.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "models/networks/image_module.h"
#include "models/networks/networks.h"

namespace solstice {
namespace {

std::string listing(const ImageModule& network) {
  std::ostringstream lines;
  for (const auto& [name, tensor] : state_of(network)) {
    lines << name;
    for (const int64_t size : tensor.sizes()) lines << ' ' << size;
    lines << '\n';
  }
  return lines.str();
}

std::string golden(const std::string& name) {
  const std::ifstream file(std::string(SOLSTICE_SOURCE_DIR "/tests/models/golden/") + name +
                           ".txt");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::shared_ptr<ImageModule> generator(const char* kind, Norm norm, bool dropout = false) {
  return make_generator({.kind = kind, .norm = norm, .dropout = dropout});
}

std::shared_ptr<ImageModule> discriminator(const char* kind, Norm norm, int64_t channels = 6) {
  return make_discriminator({.kind = kind, .input_nc = channels, .n_layers = 5, .norm = norm});
}

TEST(Names, EqualTheReferences) {
  const auto same = [](const char* name, const std::shared_ptr<ImageModule>& network) {
    EXPECT_EQ(listing(*network), golden(name)) << name;
  };
  same("unet_256_batch", generator("unet_256", Norm::kBatch, true));
  same("unet_256_instance", generator("unet_256", Norm::kInstance));
  same("unet_128_batch", generator("unet_128", Norm::kBatch));
  same("unet_128_none", generator("unet_128", Norm::kNone));
  same("resnet_9blocks_instance", generator("resnet_9blocks", Norm::kInstance));
  same("resnet_9blocks_batch_dropout", generator("resnet_9blocks", Norm::kBatch, true));
  same("resnet_6blocks_batch", generator("resnet_6blocks", Norm::kBatch));
  same("edsr_2blocks_x4", make_generator({.kind = "edsr_2blocks", .ngf = 8, .scale = 4}));
  same("edsr_1blocks_x3", make_generator({.kind = "edsr_1blocks", .ngf = 4, .scale = 3}));
  same("compact_16convs_x4", make_generator({.kind = "compact_16convs", .scale = 4}));
  same("rrdb_23blocks_x2", make_generator({.kind = "rrdb_23blocks", .scale = 2}));
  same("basic_batch", discriminator("basic", Norm::kBatch));
  same("basic_instance", discriminator("basic", Norm::kInstance));
  same("n_layers_5_batch", discriminator("n_layers", Norm::kBatch));
  same("pixel_batch", discriminator("pixel", Norm::kBatch));
  same("pixel_instance", discriminator("pixel", Norm::kInstance));
}

struct Count {
  size_t tensors;
  int64_t parameters;
};

void expect_count(const ImageModule& network, const Count& count) {
  EXPECT_EQ(state_of(network).size(), count.tensors);
  EXPECT_EQ(count_parameters(network), count.parameters);
}

constexpr Norm kNorms[] = {Norm::kBatch, Norm::kInstance, Norm::kNone};

TEST(Counts, OfGeneratorsEqualTheReferences) {
  const std::pair<const char*, std::array<Count, 3>> cases[] = {
      {"unet_256", {{{82, 54413955}, {32, 54409603}, {17, 54404099}}}},
      {"unet_128", {{{70, 41828995}, {28, 41825667}, {15, 41821187}}}},
      {"resnet_9blocks", {{{140, 11383427}, {48, 11378179}, {25, 11372931}}}},
      {"resnet_6blocks", {{{104, 7841411}, {36, 7837699}, {19, 7833987}}}}};
  for (const auto& [kind, counts] : cases) {
    for (size_t i = 0; i < 3; ++i) {
      SCOPED_TRACE(std::string(kind) + " " + name_of(kNorms[i]));
      expect_count(*generator(kind, kNorms[i], i == 0), counts[i]);
    }
  }
}

TEST(Counts, OfDiscriminatorsEqualTheReferences) {
  struct Case {
    const char* kind;
    int64_t channels;
    std::array<Count, 3> counts;
  };
  const Case cases[] = {{"basic", 3, {{{22, 2765633}, {10, 2764737}, {7, 2763841}}}},
                        {"basic", 6, {{{22, 2768705}, {10, 2767809}, {7, 2766913}}}},
                        {"n_layers", 6, {{{34, 11159361}, {14, 11157441}, {9, 11155521}}}},
                        {"pixel", 6, {{{9, 9024}, {6, 8897}, {4, 8768}}}}};
  for (const Case& fixture : cases) {
    for (size_t i = 0; i < 3; ++i) {
      SCOPED_TRACE(std::string(fixture.kind) + " " + name_of(kNorms[i]));
      expect_count(*discriminator(fixture.kind, kNorms[i], fixture.channels), fixture.counts[i]);
    }
  }
}

}  // namespace
}  // namespace solstice
