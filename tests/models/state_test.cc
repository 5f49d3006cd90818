#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "closeness.h"
#include "core/error.h"
#include "models/networks/image_module.h"
#include "models/networks/networks.h"

namespace solstice {
namespace {

using testing::bitwise_equal;

std::string load_error(ImageModule& network, const TensorList& tensors) {
  try {
    load_state(network, tensors, "day.pth");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kWeights);
    return error.what();
  }
  return "no error";
}

/// Copies, so that a test may change them without touching the network.
TensorList copy_of(const ImageModule& network) {
  TensorList copies;
  for (const auto& [name, tensor] : state_of(network)) {
    copies.emplace_back(name, tensor.detach().clone());
  }
  return copies;
}

TEST(State, ListsParametersThenBuffersOfEachModule) {
  const auto network = make_discriminator({.kind = "n_layers", .ndf = 2, .n_layers = 1});
  std::vector<std::string> names;
  for (const auto& entry : state_of(*network)) names.push_back(entry.first);
  EXPECT_EQ(join(names),
            "model.0.weight, model.0.bias, model.2.weight, model.3.weight, model.3.bias, "
            "model.3.running_mean, model.3.running_var, model.3.num_batches_tracked, "
            "model.5.weight, model.5.bias");
}

TEST(State, LoadReportsEverythingAtOnceAndChangesNothing) {
  const auto network = make_generator({.kind = "unet_4", .ngf = 2, .norm = Norm::kNone});
  const TensorList before = copy_of(*network);
  TensorList tensors = copy_of(*network);
  for (auto& entry : tensors) entry.second.add_(1);
  tensors[0].first = "model.model.9.weight";
  tensors[1].second = at::zeros({1, 2});
  EXPECT_EQ(load_error(*network, tensors),
            "day.pth: tensors do not fit the network: 1 missing (model.model.0.weight); 1 "
            "unexpected (model.model.9.weight); 1 of another shape "
            "(model.model.1.model.1.weight (1, 2) for (4, 2, 4, 4))");
  const TensorList after = state_of(*network);
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(bitwise_equal(before[i].second, after[i].second)) << before[i].first;
  }
}

TEST(State, ALongReportIsCutButCounted) {
  const auto network = make_generator({.kind = "resnet_9blocks", .ngf = 1});
  const std::string error = load_error(*network, {});
  EXPECT_NE(error.find("117 missing (model.1.weight, "), std::string::npos) << error;
  EXPECT_NE(error.find(", ...)"), std::string::npos) << error;
  EXPECT_LT(error.size(), 500u);
}

TEST(State, LoadConvertsTheType) {
  const auto network = make_generator({.kind = "unet_4", .ngf = 2});
  TensorList tensors = copy_of(*network);
  for (auto& [name, tensor] : tensors) {
    tensor = at::full(tensor.sizes(), 0.5, tensor.is_floating_point() ? at::kHalf : at::kInt);
  }
  load_state(*network, tensors, "half");
  for (const auto& [name, tensor] : state_of(*network)) {
    const bool counter = name.ends_with("num_batches_tracked");
    EXPECT_EQ(tensor.scalar_type(), counter ? at::kLong : at::kFloat) << name;
    EXPECT_TRUE(counter || tensor.detach().eq(0.5).all().item<bool>()) << name;
  }
}

TEST(State, OldInstanceNormStatisticsAreLeftOutWithoutAWord) {
  const auto network =
      make_generator({.kind = "resnet_1blocks", .ngf = 2, .norm = Norm::kInstance});
  TensorList tensors = copy_of(*network);
  tensors.emplace_back("model.2.running_mean", at::zeros({2}));
  tensors.emplace_back("model.2.running_var", at::ones({2}));
  tensors.emplace_back("model.10.conv_block.2.num_batches_tracked", at::zeros({}, at::kLong));
  EXPECT_EQ(load_error(*network, tensors), "no error");
  EXPECT_EQ(infer_generator(tensors).norm, Norm::kInstance);
  // Not an instance norm: a convolution.
  tensors.emplace_back("model.1.running_mean", at::zeros({2}));
  EXPECT_NE(load_error(*network, tensors).find("1 unexpected (model.1.running_mean)"),
            std::string::npos);
}

TEST(State, FilesFromBeforeTheBatchCounterLoad) {
  const auto network = make_generator({.kind = "unet_8", .ngf = 2});
  TensorList tensors = copy_of(*network);
  std::erase_if(tensors, [](const auto& entry) { return entry.first.ends_with("_tracked"); });
  EXPECT_EQ(load_error(*network, tensors), "no error");
}

}  // namespace
}  // namespace solstice
