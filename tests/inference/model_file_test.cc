#include "inference/model_file.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "inference/inspect.h"
#include "inference/model_path.h"
#include "models/networks/image_module.h"
#include "support/shared_data.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

GeneratorOptions small() {
  GeneratorOptions options;
  options.kind = "resnet_2blocks";
  options.ngf = 4;
  options.norm = Norm::kInstance;
  options.dropout = true;
  return options;
}

void save_small(const std::string& path, const ModelMetadata& metadata) {
  save_model(path, metadata, state_of(*make_generator(metadata.generator)));
}

TEST(ModelFile, DescribesItself) {
  const testing::TemporaryDirectory directory;
  ModelMetadata metadata;
  metadata.generator = small();
  metadata.recipe = "day2night";
  metadata.training = {{"steps", 7}};
  const std::string path = (directory / "a.safetensors").string();
  save_small(path, metadata);
  const ModelFile read = load_model(path);
  EXPECT_TRUE(read.self_described);
  EXPECT_EQ(to_json(read.metadata), to_json(metadata));
  EXPECT_EQ(read.name, "a");
  const auto generator = to_json(read.metadata)["generator"];
  EXPECT_EQ(generator["kind"], "resnet_2blocks");
  EXPECT_EQ(generator["input_nc"], 3);
}

TEST(ModelFile, EqualModelsGiveEqualBytes) {
  const testing::TemporaryDirectory directory;
  ModelMetadata metadata;
  metadata.generator = small();
  const TensorList tensors = state_of(*make_generator(small()));
  save_model((directory / "a.safetensors").string(), metadata, tensors);
  save_model((directory / "b.safetensors").string(), metadata, tensors);
  EXPECT_EQ(read_file(directory / "a.safetensors"), read_file(directory / "b.safetensors"));
}

TEST(ModelFile, ANewerVersionIsAnErrorThatSaysSo) {
  const ModelMetadata metadata;
  auto object = to_json(metadata);
  object["version"] = ModelMetadata::kVersion + 1;
  object["unheard-of"] = true;
  try {
    model_metadata_from_json(object);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("newer solstice"), std::string::npos);
  }
  object["version"] = ModelMetadata::kVersion;
  EXPECT_NO_THROW(model_metadata_from_json(object)) << "unknown fields are ignored";
}

TEST(ModelFile, OfARunTheBestModelIsTakenElseTheLatest) {
  const testing::TemporaryDirectory directory;
  EXPECT_THROW(resolve_model_path(directory.path().string()), Error);
  write_file_atomically(directory / "model.safetensors", "x");
  EXPECT_TRUE(resolve_model_path(directory.path().string()).ends_with("model.safetensors"));
  write_file_atomically(directory / "best.safetensors", "x");
  EXPECT_TRUE(resolve_model_path(directory.path().string()).ends_with("best.safetensors"));
}

TEST(Inspect, InfersABareReferenceFile) {
  SKIP_WITHOUT_SHARED_DATA("parity/d_G_resnet9_instance/weights.pth");
  const auto object =
      inspect_model((testing::shared_data() / "parity/d_G_resnet9_instance/weights.pth").string());
  EXPECT_EQ(object["kind"], "resnet_9blocks");
  EXPECT_EQ(object["parameters"], 180419);
  EXPECT_EQ(object["generator"]["norm"], "instance");
  EXPECT_EQ(object["generator"]["ngf"], 8);
}

}  // namespace
}  // namespace solstice
