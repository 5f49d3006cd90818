#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/pixel_shuffle.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <map>

#include "closeness.h"
#include "core/error.h"
#include "models/networks/image_module.h"
#include "models/networks/layers.h"
#include "models/networks/networks.h"

namespace solstice {
namespace {

using testing::bitwise_equal;

std::string error_of(ImageModule& network, at::IntArrayRef shape) {
  try {
    network.forward(at::zeros(shape));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "no error";
}

template <class Make>
std::string usage_error_of(const Make& make) {
  try {
    make();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(Unet, RejectsASideThatDoesNotDivide) {
  const auto network = make_generator({.kind = "unet_256", .ngf = 1});
  EXPECT_EQ(error_of(*network, {1, 3, 256, 200}),
            "[unet_256] input side 200 is not a multiple of 256");
  EXPECT_EQ(error_of(*network, {1, 1, 256, 256}), "[unet_256] input has 1 channels, expected 3");
  EXPECT_EQ(error_of(*network, {3, 256, 256}),
            "[unet_256] input has 3 dimensions, expected (N, C, H, W)");
}

TEST(Unet, TakesAnyMultipleOfItsSide) {
  const at::NoGradGuard no_grad;
  const auto network = make_generator({.kind = "unet_8", .output_nc = 2, .ngf = 2});
  EXPECT_EQ(network->forward(at::randn({1, 3, 24, 40})).sizes(), at::IntArrayRef({1, 2, 24, 40}));
}

TEST(Unet, LeavesItsInputAlone) {
  for (const Norm norm : {Norm::kBatch, Norm::kNone}) {
    const auto network = make_generator({.kind = "unet_8", .ngf = 2, .norm = norm});
    const at::Tensor input = at::randn({1, 3, 16, 16});
    const at::Tensor before = input.clone();
    network->forward(input).sum().backward();
    EXPECT_TRUE(bitwise_equal(input, before));
  }
}

TEST(Unet, DropsOutOnlyInTrainingAndOnlyWhenAsked) {
  const at::NoGradGuard no_grad;
  const at::Tensor input = at::randn({2, 3, 64, 64});
  const auto differs = [&](bool dropout, bool training) {
    const auto network = make_generator({.kind = "unet_64", .ngf = 4, .dropout = dropout});
    network->train(training);
    const at::Tensor first = network->forward(input);
    return !first.equal(network->forward(input));
  };
  EXPECT_TRUE(differs(true, true));
  EXPECT_FALSE(differs(true, false));
  EXPECT_FALSE(differs(false, true));
}

TEST(Resnet, RejectsASideThatDoesNotDivideOrIsTooSmall) {
  const auto network = make_generator({.kind = "resnet_2blocks", .ngf = 1});
  EXPECT_EQ(error_of(*network, {1, 3, 30, 32}),
            "[resnet_2blocks] input side 30 is not a multiple of 4");
  EXPECT_EQ(error_of(*network, {1, 3, 4, 32}),
            "[resnet_2blocks] input side 4 is too small, at least 8 is needed");
  EXPECT_EQ(error_of(*network, {1, 3, 8, 8}), "no error");
}

TEST(Edsr, GivesItsScaleForSidesOfAnyLength) {
  const at::NoGradGuard no_grad;
  for (const int64_t scale : {1, 2, 3, 4, 8}) {
    const auto network = make_generator({.kind = "edsr_1blocks", .ngf = 4, .scale = scale});
    EXPECT_EQ(network->forward(at::randn({2, 3, 5, 7})).sizes(),
              at::IntArrayRef({2, 3, 5 * scale, 7 * scale}));
  }
}

TEST(Edsr, ComputesWhatThePublishedCodeDoes) {
  const at::NoGradGuard no_grad;
  const auto network = make_generator({.kind = "edsr_2blocks", .ngf = 4, .scale = 4});
  // The weights it begins with leave most of it at rest.
  for (at::Tensor& weight : network->parameters()) weight.normal_(0, 0.1);
  const auto state = state_of(*network);
  const std::map<std::string, at::Tensor> named(state.begin(), state.end());
  const auto conv = [&](const std::string& name, const at::Tensor& x) {
    const at::Tensor& weight = named.at(name + ".weight");
    return at::conv2d(x, weight, named.at(name + ".bias"), 1, weight.size(2) / 2);
  };
  const at::Tensor image = at::rand({1, 3, 6, 9}) * 2 - 1;
  at::Tensor x = conv("head.0", conv("sub_mean", (image + 1) * 127.5));
  const at::Tensor head = x;
  for (const char* block : {"body.0.body", "body.1.body"}) {
    x = x + conv(std::string(block) + ".2", at::relu(conv(std::string(block) + ".0", x)));
  }
  x = head + conv("body.2", x);
  for (const char* layer : {"tail.0.0", "tail.0.2"}) x = at::pixel_shuffle(conv(layer, x), 2);
  const at::Tensor expected = conv("add_mean", conv("tail.1", x)) / 127.5 - 1;
  EXPECT_LE(testing::max_abs_difference(network->forward(image), expected), 1e-5);
  EXPECT_NEAR(named.at("sub_mean.bias")[0].item<float>(), -255 * 0.4488, 1e-4);
}

TEST(Edsr, BeginsAsABilinearEnlargement) {
  const at::NoGradGuard no_grad;
  const at::Tensor image = at::rand({1, 3, 9, 12}) * 2 - 1;
  for (const int64_t scale : {2, 3}) {
    const auto network = make_generator({.kind = "edsr_2blocks", .ngf = 8, .scale = scale});
    const at::Tensor made = network->forward(image);
    const at::Tensor expected = at::upsample_bilinear2d(image, {9 * scale, 12 * scale}, false);
    // Beyond the border the convolutions see the mean colour.
    const auto inner = [&](const at::Tensor& x) {
      return x.narrow(2, scale, 7 * scale).narrow(3, scale, 10 * scale);
    };
    EXPECT_LE(testing::max_abs_difference(inner(made), inner(expected)), 1e-5) << scale;
  }
}

TEST(Generators, SayWhichScalesTheyHave) {
  EXPECT_EQ(usage_error_of([] { make_generator({.kind = "unet_256", .scale = 2}); }),
            "--scale 2: unet_256 keeps the size of its input");
  EXPECT_EQ(usage_error_of([] { make_generator({.kind = "edsr_1blocks", .scale = 5}); }),
            "--scale 5: edsr has 1, 2, 3, 4 and 8");
  EXPECT_EQ(usage_error_of([] { make_generator({.kind = "edsr_1blocks", .input_nc = 1}); }),
            "[edsr_1blocks] found input-nc 1 and output-nc 3, expected 3 and 3");
  EXPECT_EQ(usage_error_of([] { make_generator({.kind = "rrdb_1blocks", .scale = 3}); }),
            "--scale 3: rrdb has 1, 2 and 4");
  EXPECT_EQ(usage_error_of([] { make_generator({.kind = "rrdb_1blocks", .scale = 8}); }),
            "--scale 8: rrdb_1blocks has at most 4");
}

TEST(Pointwise, LooksAtEveryPixelAloneAndTakesAnySize) {
  const at::NoGradGuard no_grad;
  const auto network = make_generator({.kind = "pointwise", .ngf = 5});
  const at::Tensor image = at::randn({1, 3, 1, 7});
  const at::Tensor whole = network->forward(image);
  EXPECT_EQ(whole.sizes(), image.sizes());
  for (int64_t x = 0; x < 7; ++x) {
    EXPECT_LE(
        testing::max_abs_difference(network->forward(image.narrow(3, x, 1)), whole.narrow(3, x, 1)),
        1e-6);
  }
}

TEST(PatchGan, JudgesPatches) {
  const at::NoGradGuard no_grad;
  const auto side_for = [](int64_t n_layers) {
    const auto network =
        make_discriminator({.kind = "n_layers", .input_nc = 3, .ndf = 1, .n_layers = n_layers});
    return network->forward(at::randn({1, 3, 256, 256})).size(3);
  };
  EXPECT_EQ(side_for(1), 126);
  EXPECT_EQ(side_for(3), 30);
  EXPECT_EQ(side_for(5), 6);
}

TEST(PatchGan, RejectsAnImageThatIsTooSmall) {
  const auto network = make_discriminator({.kind = "basic", .input_nc = 3, .ndf = 1});
  EXPECT_EQ(error_of(*network, {1, 3, 23, 24}),
            "[basic] input side 23 is too small, at least 24 is needed");
  EXPECT_EQ(error_of(*network, {1, 3, 24, 24}), "no error");
}

TEST(InstanceNorm, ComputesTheSameInBothLayouts) {
  InstanceNorm norm;
  const at::Tensor image = at::randn({2, 5, 12, 9}) * 3 + 1;
  const at::Tensor with_gradients = norm.forward(image);
  const at::NoGradGuard no_grad;
  const at::Tensor channels_last = norm.forward(image.contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(channels_last.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_LE(testing::max_abs_difference(channels_last, with_gradients), 1e-5);
  EXPECT_LE(with_gradients.mean({2, 3}).abs().max().item<double>(), 1e-6);
  EXPECT_NEAR(with_gradients.var({2, 3}, false).min().item<double>(), 1, 1e-3);
}

TEST(NetworkTables, EveryKindIsBuiltRunAndRestored) {
  for (const GeneratorRow& row : generator_table()) {
    const GeneratorOptions options{.kind = std::string(row.smallest), .ngf = 2};
    ASSERT_TRUE(row.matches(options.kind)) << row.name;
    const int64_t side = 4 * row.size_multiple(options);
    const auto first = make_generator(options), second = make_generator(options);
    first->eval();
    second->eval();
    load_state(*second, state_of(*first), "copy");
    const at::Tensor image = at::randn({2, 3, side, 2 * side});
    const at::Tensor output = first->forward(image);
    EXPECT_EQ(output.sizes(), image.sizes()) << row.name;
    EXPECT_TRUE(bitwise_equal(output, second->forward(image))) << row.name;
    EXPECT_GT(row.bytes_per_pixel(options), 0);
    EXPECT_FALSE(row.summary.empty());
  }
  for (const DiscriminatorRow& row : discriminator_table()) {
    const DiscriminatorOptions options{.kind = std::string(row.name), .ndf = 2, .n_layers = 1};
    const auto first = make_discriminator(options), second = make_discriminator(options);
    first->eval();
    second->eval();
    load_state(*second, state_of(*first), "copy");
    const at::Tensor image = at::randn({1, 6, 32, 32});
    EXPECT_TRUE(bitwise_equal(first->forward(image), second->forward(image))) << row.name;
  }
}

TEST(NetworkTables, AnUnknownKindIsAnsweredWithTheNearest) {
  EXPECT_EQ(usage_error_of([] { make_generator({.kind = "unet256"}); }),
            "--generator: unknown network \"unet256\"; known: unet_<2^n>, resnet_<n>blocks, "
            "pointwise, edsr_<n>blocks, srresnet_<n>blocks, compact_<n>convs, rrdb_<n>blocks; did "
            "you mean unet_256?");
  EXPECT_EQ(usage_error_of([] { make_discriminator({.kind = "pixels"}); }),
            "--discriminator: unknown network \"pixels\"; known: basic, n_layers, pixel; did you "
            "mean pixel?");
  for (const char* kind : {"unet_200", "unet_2", "unet_2048", "unet_0256", "resnet_0blocks",
                           "resnet_blocks", "resnet_-1blocks", ""}) {
    EXPECT_NE(usage_error_of([kind] { make_generator({.kind = kind}); }), "no error") << kind;
  }
}

}  // namespace
}  // namespace solstice
