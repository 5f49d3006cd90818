#include "training/warm_start.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "inference/model_file.h"
#include "models/networks/image_module.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

std::unique_ptr<Trainer> a_trainer(const char* kind, int64_t ngf = 2) {
  TrainerOptions options;
  options.kind = kind;
  options.generator = {.kind = "resnet_1blocks", .ngf = ngf, .dropout = false};
  options.discriminator = {.kind = "pixel", .ndf = 2};
  return make_trainer(options);
}

void save(const std::filesystem::path& path, TensorList tensors) {
  WeightFile file;
  file.tensors = std::move(tensors);
  save_weights(path.string(), file);
}

bool same(Trainer& a, Trainer& b, size_t network) {
  const TensorList left = state_of(*a.networks()[network].network);
  const TensorList right = state_of(*b.networks()[network].network);
  for (size_t i = 0; i < left.size(); ++i) {
    if (!left[i].second.equal(right[i].second)) return false;
  }
  return true;
}

TEST(WarmStart, TakesABareGeneratorAndSaysThatTheRestIsNew) {
  const testing::TemporaryDirectory directory;
  const auto source = a_trainer("pix2pix"), target = a_trainer("pix2pix");
  save(directory / "G.pth", state_of(*source->networks()[0].network));
  const auto starts = warm_start(*target, (directory / "G.pth").string());
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_TRUE(same(*source, *target, 0));
  EXPECT_FALSE(same(*source, *target, 1));
  EXPECT_TRUE(starts[0].fresh.empty());
  EXPECT_NE(starts[0].describe().find("G: "), std::string::npos);
  EXPECT_EQ(starts[1].describe(), "D: new");
}

TEST(WarmStart, TakesAllNetworksThatTheReferenceSavedTogether) {
  const testing::TemporaryDirectory directory;
  const auto source = a_trainer("cyclegan"), target = a_trainer("cyclegan");
  for (const NamedNetwork& named : source->networks()) {
    save(directory / ("latest_net_" + named.name + ".pth"), state_of(*named.network));
  }
  warm_start(*target, directory.path().string());
  for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(same(*source, *target, i)) << i;
}

TEST(WarmStart, TakesBothDirectionsOfAModel) {
  const testing::TemporaryDirectory directory;
  const auto source = a_trainer("cyclegan"), target = a_trainer("cyclegan");
  TensorList tensors;
  for (const auto& [network, prefix] : source->exported()) {
    for (const NamedNetwork& named : source->networks()) {
      if (named.name != network) continue;
      for (auto& [name, tensor] : state_of(*named.network))
        tensors.emplace_back(prefix + name, tensor);
    }
  }
  ModelMetadata metadata;
  metadata.generator = {.kind = "resnet_1blocks", .ngf = 2, .dropout = false};
  save_model((directory / "model.safetensors").string(), metadata, tensors);
  warm_start(*target, (directory / "model.safetensors").string());
  EXPECT_TRUE(same(*source, *target, 0));
  EXPECT_TRUE(same(*source, *target, 1));
}

TEST(WarmStart, NamesWhatDidNotFit) {
  const testing::TemporaryDirectory directory;
  const auto source = a_trainer("pix2pix"), target = a_trainer("pix2pix");
  TensorList tensors = state_of(*source->networks()[0].network);
  tensors[0].second = at::zeros({1});
  save(directory / "G.safetensors", tensors);
  const auto starts = warm_start(*target, (directory / "G.safetensors").string());
  ASSERT_EQ(starts[0].fresh.size(), 1U);
  EXPECT_EQ(starts[0].fresh[0], tensors[0].first);
  EXPECT_NE(starts[0].describe().find("new: " + tensors[0].first), std::string::npos);
}

TEST(WarmStart, RefusesAGeneratorOfAnotherWidthAndSaysWhy) {
  const testing::TemporaryDirectory directory;
  const auto source = a_trainer("pix2pix", 3), target = a_trainer("pix2pix");
  save(directory / "G.safetensors", state_of(*source->networks()[0].network));
  EXPECT_TRUE(testing::fails_with(".weight is 2x3x7x7 here, 3x3x7x7 there", [&] {
    warm_start(*target, (directory / "G.safetensors").string());
  })) << "though the last bias and the counters of its norms fit";
}

TEST(WarmStart, SaysThatOneNetworkOfSeveralDoesNotFit) {
  const testing::TemporaryDirectory directory;
  const auto source = a_trainer("pix2pix", 3), target = a_trainer("pix2pix");
  const auto untouched = state_of(*target->networks()[0].network).back().second.clone();
  for (const NamedNetwork& named : source->networks()) {
    save(directory / ("latest_net_" + named.name + ".pth"), state_of(*named.network));
  }
  const auto starts = warm_start(*target, directory.path().string());
  EXPECT_TRUE(starts[0].is_poor());
  EXPECT_NE(starts[0].describe().find("G: new; no weight of "), std::string::npos)
      << starts[0].describe();
  EXPECT_TRUE(state_of(*target->networks()[0].network).back().second.equal(untouched));
  EXPECT_FALSE(starts[1].is_poor());
  EXPECT_TRUE(same(*source, *target, 1));
}

TEST(WarmStart, RefusesAFileOfWhichNothingFits) {
  const testing::TemporaryDirectory directory;
  save(directory / "other.safetensors", {{"layer.weight", at::zeros({2, 2})}});
  const auto target = a_trainer("pix2pix");
  EXPECT_THROW(warm_start(*target, (directory / "other.safetensors").string()), Error);
}

}  // namespace
}  // namespace solstice
