#include "models/objectives/content_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>

#include <fstream>

#include "core/error.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

std::string saved(const testing::TemporaryDirectory& directory, const std::string& forward) {
  torch::jit::Module module("content");
  module.register_parameter("gain", at::full({1}, 3.0), /*is_buffer=*/false);
  module.define(forward);
  const std::string file = (directory / "content.pt").string();
  module.save(file);
  return file;
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kWeights);
    return error.what();
  }
  return "no error";
}

TEST(ContentLoss, IsTheMeanDistanceOfAllFeatures) {
  const testing::TemporaryDirectory directory;
  const ContentLoss loss(saved(directory, R"(
    def forward(self, x):
      return x * self.gain, x[:, :1] * x[:, :1]
  )"));
  const at::Tensor image = at::full({1, 3, 4, 4}, 1.0).requires_grad_(true);
  const at::Tensor distance = loss(image, at::full({1, 3, 4, 4}, -1.0));
  // In [0, 1] the images are 1 and 0: features 3 and 1 apart.
  EXPECT_NEAR(distance.item<double>(), 2, 1e-6);
  distance.backward();
  EXPECT_TRUE(image.grad().defined());
}

TEST(ContentLoss, SaysWhatIsWrongWithTheFile) {
  const testing::TemporaryDirectory directory;
  const std::string text = (directory / "text.pt").string();
  std::ofstream(text) << "not a network";
  EXPECT_EQ(error_of([&] {
              ContentLoss loss(text);
            }).find("--content-network " + text + ": cannot be loaded as TorchScript"),
            0U);
  const ContentLoss greedy(saved(directory, R"(
    def forward(self, x, y):
      return x + y
  )"));
  const at::Tensor image = at::rand({1, 3, 4, 4});
  EXPECT_NE(error_of([&] { greedy(image, image); }).find("does not take images (N, 3, H, W): "),
            std::string::npos);
  const ContentLoss silent(saved(directory, R"(
    def forward(self, x):
      return 1
  )"));
  EXPECT_NE(error_of([&] { silent(image, image); }).find("returns no tensors"), std::string::npos);
}

}  // namespace
}  // namespace solstice
