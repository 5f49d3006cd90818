// Outputs of every fixture network against those of the Python reference.
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "closeness.h"
#include "models/networks/image_module.h"
#include "models/networks/networks.h"
#include "support/npy.h"
#include "support/shared_data.h"
#include "weights/weights.h"

namespace solstice {
namespace {

using testing::expect_same_image;
using testing::load_npy;
using testing::shared_data;

enum class Mode { kEvaluation, kTraining };

at::Tensor run(ImageModule& network, const at::Tensor& input, Mode mode) {
  const at::NoGradGuard no_grad;
  network.train(mode == Mode::kTraining);
  return network.forward(input);
}

struct Case {
  const char* folder;
  std::shared_ptr<ImageModule> network;
};

/// Every `output*.npy` of a folder, in both memory layouts.
void expect_parity(const Case& fixture) {
  const auto folder = shared_data() / "parity" / fixture.folder;
  const auto weights = load_weights((folder / "weights.safetensors").string());
  const auto compare = [&](const char* in, const char* out, Mode mode) {
    if (!std::filesystem::exists(folder / out)) return;
    // Training mode changes the running statistics, so every run starts from the file.
    for (const auto layout : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      load_state(*fixture.network, weights.tensors, fixture.folder);
      const at::Tensor input = load_npy(folder / in).contiguous(layout);
      expect_same_image(run(*fixture.network, input, mode), load_npy(folder / out),
                        std::string(fixture.folder) + "/" + out);
    }
  };
  compare("input.npy", "output_eval.npy", Mode::kEvaluation);
  compare("input.npy", "output_trainstats.npy", Mode::kTraining);
  compare("input_nonsquare.npy", "output_nonsquare_eval.npy", Mode::kEvaluation);
}

std::shared_ptr<ImageModule> small_generator(const char* kind, Norm norm) {
  return make_generator({.kind = kind, .ngf = 8, .norm = norm, .dropout = false});
}

std::shared_ptr<ImageModule> small_discriminator(const char* kind, Norm norm, int64_t channels) {
  return make_discriminator({.kind = kind, .input_nc = channels, .ndf = 8, .norm = norm});
}

TEST(Parity, GeneratorsEqualThoseOfTheReference) {
  SKIP_WITHOUT_SHARED_DATA("parity");
  expect_parity({"a_G_unet256_batch", small_generator("unet_256", Norm::kBatch)});
  expect_parity({"b_G_unet128_batch", small_generator("unet_128", Norm::kBatch)});
  expect_parity({"d_G_resnet9_instance", small_generator("resnet_9blocks", Norm::kInstance)});
  expect_parity({"e_G_resnet6_instance", small_generator("resnet_6blocks", Norm::kInstance)});
}

TEST(Parity, DiscriminatorsEqualThoseOfTheReference) {
  SKIP_WITHOUT_SHARED_DATA("parity");
  expect_parity({"g_D_basic_instance", small_discriminator("basic", Norm::kInstance, 3)});
  expect_parity({"h_D_basic_batch_6ch", small_discriminator("basic", Norm::kBatch, 6)});
  expect_parity({"j_D_pixel_batch", small_discriminator("pixel", Norm::kBatch, 3)});
}

TEST(Parity, InferenceRecognisesTheGeneratorsOfTheFixtures) {
  SKIP_WITHOUT_SHARED_DATA("parity");
  const std::pair<const char*, const char*> cases[] = {{"a_G_unet256_batch", "unet_256"},
                                                       {"b_G_unet128_batch", "unet_128"},
                                                       {"d_G_resnet9_instance", "resnet_9blocks"},
                                                       {"e_G_resnet6_instance", "resnet_6blocks"}};
  for (const auto& [folder, kind] : cases) {
    const auto file = shared_data() / "parity" / folder / "weights.safetensors";
    const GeneratorOptions options = infer_generator(load_weights(file.string()).tensors);
    EXPECT_EQ(options.kind, kind);
    EXPECT_EQ(options.ngf, 8);
  }
}

}  // namespace
}  // namespace solstice
