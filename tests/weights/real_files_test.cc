#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "support/shared_data.h"
#include "weights/weight_files.h"
#include "weights/weights.h"

namespace solstice {
namespace {

using testing::same_tensor;
using testing::shared_data;

WeightFile published(const std::string& name) {
  return load_weights((shared_data() / "weights" / name).string());
}

std::vector<int64_t> sizes_of(const WeightFile& weights, const std::string& name) {
  for (const auto& [key, tensor] : weights.tensors) {
    if (key == name) return tensor.sizes().vec();
  }
  ADD_FAILURE() << name << " is missing";
  return {};
}

using Sizes = std::vector<int64_t>;

TEST(PublishedFiles, RealEsrganIsDeflatedAndNestedUnderParams) {
  SKIP_WITHOUT_SHARED_DATA("weights");
  const WeightFile weights = published("realesr-animevideov3.pth");
  EXPECT_EQ(weights.format, "pth");
  EXPECT_EQ(weights.tensors.size(), 53u);
  EXPECT_EQ(sizes_of(weights, "body.0.weight"), (Sizes{64, 3, 3, 3}));
  EXPECT_EQ(sizes_of(weights, "body.34.weight"), (Sizes{48, 64, 3, 3}));
  EXPECT_EQ(weights.notes, std::vector<std::string>{"took \"params\""});
}

TEST(PublishedFiles, SciIsStoredAndFlat) {
  SKIP_WITHOUT_SHARED_DATA("weights");
  const WeightFile weights = published("sci-medium.pt");
  EXPECT_EQ(weights.format, "pth");
  EXPECT_EQ(weights.tensors.size(), 83u);
  EXPECT_EQ(sizes_of(weights, "enhance.in_conv.0.weight"), (Sizes{3, 3, 3, 3}));
}

TEST(PublishedFiles, ResNetsAreLegacyWithAStateDictAndAPrefix) {
  SKIP_WITHOUT_SHARED_DATA("weights");
  const std::map<std::string, size_t> expected{{"resnet20-cifar10.th", 97},
                                               {"resnet56-cifar10.th", 277}};
  for (const auto& [name, count] : expected) {
    const WeightFile weights = published(name);
    EXPECT_EQ(weights.format, "pth-legacy");
    EXPECT_EQ(weights.tensors.size(), count);
    EXPECT_EQ(sizes_of(weights, "conv1.weight"), (Sizes{16, 3, 3, 3}));
    EXPECT_EQ(sizes_of(weights, "linear.weight"), (Sizes{10, 64}));
    EXPECT_EQ(weights.notes,
              (std::vector<std::string>{"took \"state_dict\"", "dropped the prefix \"module.\""}));
  }
}

TEST(PublishedFiles, LpipsWasWrittenByPython2) {
  SKIP_WITHOUT_SHARED_DATA("weights");
  const std::map<std::string, size_t> expected{{"lpips-lin-v0.1-alex.pth", 5},
                                               {"lpips-lin-v0.1-squeeze.pth", 7},
                                               {"lpips-lin-v0.1-vgg.pth", 5}};
  for (const auto& [name, count] : expected) {
    const WeightFile weights = published(name);
    EXPECT_EQ(weights.format, "pth-legacy");
    EXPECT_EQ(weights.tensors.size(), count);
    EXPECT_EQ(sizes_of(weights, "lin0.model.1.weight"), (Sizes{1, 64, 1, 1}));
  }
}

TEST(PublishedFiles, AFormatOfItsOwnIsNamedAsUnknown) {
  SKIP_WITHOUT_SHARED_DATA("weights");
  try {
    published("squeezenet-v1.0-deep-compressed.net");
    FAIL();
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::kWeights);
    EXPECT_NE(text.find("not a weight file of a known format"), std::string::npos) << text;
    for (const WeightFormatRow& row : weight_formats()) {
      EXPECT_NE(text.find(row.name), std::string::npos) << text;
    }
  }
}

TEST(ReferenceFiles, AreTheSameBitsInAllThreeFormats) {
  SKIP_WITHOUT_SHARED_DATA("parity");
  int compared = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(shared_data() / "parity")) {
    if (entry.path().extension() != ".pth") continue;
    std::string twin = entry.path().stem().string();
    if (twin.ends_with("_legacy")) twin.resize(twin.size() - std::string("_legacy").size());
    const WeightFile pth = load_weights(entry.path().string());
    const WeightFile safe =
        load_weights((entry.path().parent_path() / (twin + ".safetensors")).string());
    EXPECT_EQ(pth.format, twin == entry.path().stem() ? "pth" : "pth-legacy");
    EXPECT_EQ(safe.format, "safetensors");
    const std::map<std::string, at::Tensor> by_name(safe.tensors.begin(), safe.tensors.end());
    ASSERT_EQ(pth.tensors.size(), by_name.size()) << entry.path();
    for (const auto& [name, tensor] : pth.tensors) {
      ASSERT_TRUE(by_name.contains(name)) << entry.path() << " " << name;
      EXPECT_TRUE(same_tensor(tensor, by_name.at(name))) << entry.path() << " " << name;
    }
    ++compared;
  }
  EXPECT_EQ(compared, 16);
}

}  // namespace
}  // namespace solstice
