// Networks in files of others: golden/ holds files, images and results that make_published.py
// wrote.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <map>

#include "closeness.h"
#include "core/error.h"
#include "models/networks/image_module.h"
#include "models/networks/networks.h"
#include "models/networks/published_names.h"
#include "support/npy.h"
#include "weights/weights.h"

namespace solstice {
namespace {

std::string golden(const std::string& name) {
  return SOLSTICE_SOURCE_DIR "/tests/models/golden/" + name;
}

TensorList read(const std::string& name) {
  TensorList tensors = load_weights(golden(name + ".pth")).tensors;
  rename_published(tensors);
  return tensors;
}

TensorList with_name(TensorList tensors, const std::string& name, const std::string& other) {
  for (auto& entry : tensors) {
    if (entry.first == name) entry.first = other;
  }
  return tensors;
}

std::string error_of(const TensorList& tensors) {
  try {
    infer_generator(tensors);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kWeights);
    return error.what();
  }
  return "no error";
}

TEST(Published, NetworksAreRecognisedAndGiveTheirResults) {
  const at::NoGradGuard no_grad;
  struct Case {
    const char *name, *kind;
    int64_t scale, growth;
  };
  for (const Case& file : {Case{"rrdb_x4", "rrdb_2blocks", 4, 2},
                           {"rrdb_x2", "rrdb_1blocks", 2, 2},
                           {"rrdb_x1", "rrdb_1blocks", 1, 2},
                           {"edsr_basicsr_x2", "edsr_2blocks", 2, 32}}) {
    const TensorList tensors = read(file.name);
    const GeneratorOptions options = infer_generator(tensors);
    EXPECT_EQ(options.kind, file.kind);
    EXPECT_EQ(options.scale, file.scale);
    EXPECT_EQ(options.growth, file.growth);
    EXPECT_EQ(options.ngf, 4);
    EXPECT_EQ(options.input_nc, 3);
    const auto network = make_generator(options);
    load_state(*network, tensors, file.name);
    const std::string stem = golden(file.name);
    const at::Tensor expected = testing::load_npy(stem + "_out.npy");
    EXPECT_LT(testing::max_abs_difference(network->forward(testing::load_npy(stem + "_in.npy")),
                                          expected),
              2e-5)
        << file.name;
  }
}

TEST(Published, OlderNamesOfEsrganAreThoseOfBasicSr) {
  const std::map<std::string, std::pair<std::string, std::string>> older{
      {"conv_first.weight", {"model.0.weight", "conv_first.weight"}},
      {"body.0.rdb1.conv1.weight",
       {"model.1.sub.0.RDB1.conv1.0.weight", "RRDB_trunk.0.RDB1.conv1.weight"}},
      {"body.22.rdb3.conv5.bias",
       {"model.1.sub.22.RDB3.conv5.0.bias", "RRDB_trunk.22.RDB3.conv5.bias"}},
      {"conv_body.bias", {"model.1.sub.23.bias", "trunk_conv.bias"}},
      {"conv_up1.weight", {"model.3.weight", "upconv1.weight"}},
      {"conv_up2.weight", {"model.6.weight", "upconv2.weight"}},
      {"conv_hr.bias", {"model.8.bias", "HRconv.bias"}},
      {"conv_last.weight", {"model.10.weight", "conv_last.weight"}}};
  TensorList first, later;
  for (const auto& [name, names] : older) {
    first.emplace_back(names.first, at::zeros({1}));
    later.emplace_back(names.second, at::zeros({1}));
  }
  EXPECT_EQ(rename_published(first), "took the names of the first ESRGAN code for ours");
  EXPECT_EQ(rename_published(later), "took the names of the ESRGAN code for ours");
  size_t i = 0;
  for (const auto& entry : older) {
    EXPECT_EQ(first[i].first, entry.first);
    EXPECT_EQ(later[i++].first, entry.first);
  }
}

TEST(Published, OtherNamesStayAsTheyAre) {
  TensorList tensors = state_of(*make_generator({.kind = "edsr_1blocks", .ngf = 4}));
  const TensorList before = tensors;
  EXPECT_EQ(rename_published(tensors), "");
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(tensors[i].first, before[i].first);
}

TEST(Published, TwoTensorsOfOneNameAreRefused) {
  TensorList tensors{{"model.1.sub.0.RDB1.conv1.0.weight", at::zeros({1})},
                     {"model.1.sub.1.weight", at::zeros({1})},
                     {"model.1.sub.2.weight", at::zeros({1})}};
  try {
    rename_published(tensors);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "two of its tensors are conv_body.weight, one of them as model.1.sub.2.weight");
  }
}

TEST(Published, ANearMissIsNamed) {
  const TensorList good = read("rrdb_x4");
  EXPECT_EQ(error_of(with_name(good, "conv_up2.weight", "conv_up3.weight")),
            "this looks like a rrdb_2blocks generator, but conv_up2.weight is missing, expected "
            "(4, 4, 3, 3)");
  TensorList bad = good;
  for (auto& [name, tensor] : bad) {
    if (name == "body.1.rdb2.conv4.weight") tensor = at::zeros({2, 9, 3, 3});
  }
  EXPECT_EQ(error_of(bad),
            "this looks like a rrdb_2blocks generator, but body.1.rdb2.conv4.weight is "
            "(2, 9, 3, 3), expected (2, 10, 3, 3)");
  bad = good;
  for (auto& [name, tensor] : bad) {
    if (name == "conv_first.weight") tensor = at::zeros({4, 5, 3, 3});
  }
  EXPECT_EQ(error_of(bad),
            "this looks like a rrdb_2blocks generator, but conv_first.weight is (4, 5, 3, 3), "
            "expected (4, 12, 3, 3)");
  bad = good;
  for (int64_t i = 2; i < 100; ++i) {
    bad.emplace_back("body." + std::to_string(i) + ".rdb1.conv1.weight", at::zeros({2, 4, 3, 3}));
  }
  EXPECT_EQ(error_of(bad),
            "this looks like a rrdb_100blocks generator, but has 100 blocks, expected 1 to 99");
}

TEST(Published, ALargeEdsrTakesATenthOfEachBlock) {
  const at::NoGradGuard no_grad;
  for (const auto& [ngf, scale] : {std::pair<int64_t, double>{64, 1}, {256, 0.1}}) {
    const auto network = make_generator({.kind = "edsr_1blocks", .ngf = ngf});
    for (at::Tensor& weight : network->parameters()) weight.normal_(0, 0.02);
    const TensorList state = state_of(*network);
    const std::map<std::string, at::Tensor> named(state.begin(), state.end());
    const auto conv = [&](const std::string& name, const at::Tensor& x) {
      return at::conv2d(x, named.at(name + ".weight"), named.at(name + ".bias"), 1, 1);
    };
    const at::Tensor image = at::rand({1, 3, 6, 5}) * 2 - 1;
    const at::Tensor mean = named.at("add_mean.bias").view({1, 3, 1, 1});
    const at::Tensor head = conv("head.0", (image + 1) * 127.5 - mean);
    const at::Tensor block =
        head + conv("body.0.body.2", at::relu(conv("body.0.body.0", head))) * scale;
    const at::Tensor expected = (conv("tail.1", head + conv("body.1", block)) + mean) / 127.5 - 1;
    EXPECT_LT(testing::max_abs_difference(network->forward(image), expected), 1e-4) << ngf;
  }
}

}  // namespace
}  // namespace solstice
