#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "models/networks/image_module.h"
#include "models/networks/networks.h"

namespace solstice {
namespace {

std::string infer_error(const TensorList& tensors) {
  try {
    infer_generator(tensors);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kWeights);
    return error.what();
  }
  return "no error";
}

TEST(InferGenerator, RecoversWhatMadeIt) {
  for (const char* kind :
       {"unet_4", "unet_8", "unet_16", "unet_32", "unet_256", "unet_1024", "resnet_1blocks",
        "resnet_6blocks", "resnet_9blocks", "resnet_12blocks"}) {
    for (const Norm norm : {Norm::kBatch, Norm::kInstance, Norm::kNone}) {
      for (const bool dropout : {false, true}) {
        const GeneratorOptions made{.kind = kind,
                                    .input_nc = 4,
                                    .output_nc = 2,
                                    .ngf = 3,
                                    .norm = norm,
                                    .dropout = dropout};
        const GeneratorOptions found = infer_generator(state_of(*make_generator(made)));
        SCOPED_TRACE(std::string(kind) + " " + name_of(norm) + (dropout ? " dropout" : ""));
        EXPECT_EQ(found.kind, made.kind);
        EXPECT_EQ(found.input_nc, made.input_nc);
        EXPECT_EQ(found.output_nc, made.output_nc);
        EXPECT_EQ(found.ngf, made.ngf);
        EXPECT_EQ(found.norm, made.norm);
        // A U-Net's names are the same with and without.
        EXPECT_EQ(found.dropout, dropout && made.kind.starts_with("resnet"));
      }
    }
  }
}

TEST(InferGenerator, KnowsAPointwiseNetworkWhateverNormItWasMadeWith) {
  const GeneratorOptions made{.kind = "pointwise", .input_nc = 4, .output_nc = 2, .ngf = 3};
  const GeneratorOptions found = infer_generator(state_of(*make_generator(made)));
  EXPECT_EQ(found.kind, made.kind);
  EXPECT_EQ(found.input_nc, made.input_nc);
  EXPECT_EQ(found.output_nc, made.output_nc);
  EXPECT_EQ(found.ngf, made.ngf);
  EXPECT_EQ(found.norm, Norm::kNone);
}

TEST(InferGenerator, KnowsTheScaleOfNetworksThatEnlarge) {
  for (const char* kind : {"edsr_3blocks", "srresnet_2blocks"}) {
    for (const int64_t scale : {1, 2, 3, 4, 8}) {
      const GeneratorOptions made{.kind = kind, .ngf = 6, .scale = scale};
      const GeneratorOptions found = infer_generator(state_of(*make_generator(made)));
      EXPECT_EQ(found.kind, made.kind);
      EXPECT_EQ(found.ngf, made.ngf);
      EXPECT_EQ(found.scale, scale);
    }
  }
}

TEST(InferGenerator, KnowsTheScaleOfACompactNetwork) {
  for (const int64_t scale : {1, 2, 3, 4}) {
    const GeneratorOptions made{.kind = "compact_3convs", .ngf = 6, .scale = scale};
    const GeneratorOptions found = infer_generator(state_of(*make_generator(made)));
    EXPECT_EQ(found.kind, made.kind);
    EXPECT_EQ(found.ngf, made.ngf);
    EXPECT_EQ(found.scale, scale);
  }
}

TEST(InferGenerator, KnowsTheScaleAndGrowthOfDenseBlocks) {
  for (const int64_t scale : {1, 2, 4}) {
    for (const int64_t channels : {1, 3}) {
      const GeneratorOptions made{.kind = "rrdb_2blocks",
                                  .input_nc = channels,
                                  .output_nc = channels,
                                  .ngf = 6,
                                  .scale = scale,
                                  .growth = 5};
      const GeneratorOptions found = infer_generator(state_of(*make_generator(made)));
      EXPECT_EQ(found.kind, made.kind);
      EXPECT_EQ(found.input_nc, channels);
      EXPECT_EQ(found.output_nc, channels);
      EXPECT_EQ(found.ngf, made.ngf);
      EXPECT_EQ(found.growth, made.growth);
      EXPECT_EQ(found.scale, scale);
    }
  }
}

TEST(InferGenerator, NamesADiscriminator) {
  for (const Norm norm : {Norm::kBatch, Norm::kInstance, Norm::kNone}) {
    const auto basic = make_discriminator({.kind = "basic", .ndf = 2, .norm = norm});
    EXPECT_EQ(infer_error(state_of(*basic)), "this is a PatchGAN discriminator, not a generator");
    const auto pixel = make_discriminator({.kind = "pixel", .ndf = 2, .norm = norm});
    EXPECT_EQ(infer_error(state_of(*pixel)), "this is a pixel discriminator, not a generator");
  }
}

TEST(InferGenerator, SaysWhatAnUnrelatedFileHolds) {
  EXPECT_EQ(infer_error({}), "there are no tensors in it");
  EXPECT_EQ(infer_error({{"lin0.weight", at::zeros({1, 64, 1, 1})}, {"lin0.scale", at::zeros({})}}),
            "this is no generator that solstice knows (unet_<2^n>, resnet_<n>blocks, pointwise, "
            "edsr_<n>blocks, srresnet_<n>blocks, compact_<n>convs, rrdb_<n>blocks); it holds 2 "
            "tensors: lin0.weight (1, 64, 1, 1), lin0.scale ()");
}

TEST(InferGenerator, SaysWhereANearMissDiffers) {
  TensorList resnet = state_of(*make_generator({.kind = "resnet_2blocks", .ngf = 2}));
  std::erase_if(resnet, [](const auto& entry) { return entry.first.starts_with("model.19."); });
  EXPECT_EQ(infer_error(resnet),
            "this looks like a resnet_2blocks generator, but model.19.weight is missing, expected "
            "(3, 2, 7, 7)");

  TensorList zero_padded = state_of(*make_generator({.kind = "resnet_1blocks", .ngf = 2}));
  for (auto& entry : zero_padded) {
    const size_t slot = entry.first.find("conv_block.1.");
    if (slot != std::string::npos) entry.first.replace(slot, 13, "conv_block.0.");
  }
  EXPECT_EQ(infer_error(zero_padded),
            "this looks like a resnet_<n>blocks generator, but model.10.conv_block.1.weight is "
            "missing, expected (8, 8, 3, 3)");

  TensorList unet = state_of(*make_generator({.kind = "unet_8", .ngf = 2}));
  for (auto& [name, tensor] : unet) {
    if (name == "model.model.3.weight") tensor = at::zeros({2, 3, 4, 4});
  }
  EXPECT_EQ(infer_error(unet),
            "this looks like a unet_8 generator, but model.model.3.weight is (2, 3, 4, 4), "
            "expected (4, 3, 4, 4)");
}

}  // namespace
}  // namespace solstice
