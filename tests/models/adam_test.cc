#include "models/trainers/adam.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "closeness.h"
#include "core/error.h"

namespace solstice {
namespace {

using testing::bitwise_equal;

at::Tensor parameter(at::IntArrayRef shape) { return at::randn(shape).requires_grad_(true); }

/// Kingma and Ba 2015, algorithm 1, in float64.
struct Textbook {
  at::Tensor value, m, v;
  int t = 0;
  explicit Textbook(const at::Tensor& start)
      : value(start.detach().to(at::kDouble).clone()),
        m(value.new_zeros(value.sizes())),
        v(value.new_zeros(value.sizes())) {}
  void step(const at::Tensor& gradient, const Adam::Options& o) {
    const at::Tensor g = gradient.to(at::kDouble);
    ++t;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    value -=
        o.lr * (m / (1 - std::pow(o.beta1, t))) / ((v / (1 - std::pow(o.beta2, t))).sqrt() + o.eps);
  }
};

TEST(Adam, StepsAsTheTextbook) {
  Adam::Options options{.lr = 0.01};
  at::Tensor x = parameter({5, 7});
  Textbook expected(x);
  Adam adam({{"x", x}}, options);
  for (int i = 0; i < 20; ++i) {
    // Gradients of very different size, some near eps.
    const at::Tensor gradient = at::randn({5, 7}) * std::pow(10.0, -i % 9);
    adam.zero_grad();
    x.mutable_grad() = gradient;
    if (i == 10) adam.set_lr(options.lr = 0.005);
    adam.step();
    expected.step(gradient, options);
  }
  EXPECT_LE(testing::max_abs_difference(x, expected.value), 2e-6);
}

TEST(Adam, LeavesParametersWithoutGradientAlone) {
  at::Tensor used = parameter({3}), unused = parameter({3});
  const at::Tensor before = unused.detach().clone();
  Adam adam({{"used", used}, {"unused", unused}}, {});
  adam.step();
  used.sum().backward();
  adam.step();
  EXPECT_TRUE(bitwise_equal(unused.detach(), before));
  for (const auto& [name, tensor] : adam.state()) {
    if (name.ends_with(".step")) {
      EXPECT_EQ(tensor.item<float>(), name == "used.step" ? 1 : 0);
    }
  }
  adam.zero_grad();
  EXPECT_FALSE(used.grad().defined());
}

TEST(Adam, AResumedOneStepsAsTheOneThatNeverStopped) {
  at::Tensor x = parameter({4, 3});
  const auto run = [](Adam& adam, at::Tensor& value, int steps) {
    for (int i = 0; i < steps; ++i) {
      adam.zero_grad();
      (value * value * value).sum().backward();
      adam.step();
    }
  };
  Adam adam({{"x", x}}, {});
  run(adam, x, 3);
  at::Tensor resumed = x.detach().clone().requires_grad_(true);
  Adam other({{"x", resumed}}, {});
  other.load_state(adam.state());
  run(adam, x, 4);
  run(other, resumed, 4);
  EXPECT_TRUE(bitwise_equal(x.detach(), resumed.detach()));
}

TEST(Adam, StepsRightWhenLayoutsDiffer) {
  at::Tensor plain = parameter({4, 3, 2, 2});
  at::Tensor moved = plain.detach().clone().requires_grad_(true);
  Adam first({{"x", plain}}, {}), second({{"x", moved}}, {});
  // What Module::to(memory format) does to a parameter after its optimiser was made.
  moved.set_data(moved.detach().contiguous(at::MemoryFormat::ChannelsLast));
  for (int i = 0; i < 3; ++i) {
    const at::Tensor gradient = at::randn({4, 3, 2, 2});
    plain.mutable_grad() = gradient;
    moved.mutable_grad() = gradient.clone();
    first.step();
    second.step();
  }
  EXPECT_TRUE(moved.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(bitwise_equal(plain.detach(), moved.detach().contiguous()));
}

TEST(Adam, RefusesTheStateOfAnotherNetwork) {
  Adam adam({{"x", parameter({3})}}, {});
  EXPECT_THROW(adam.load_state({}), Error);
  auto state = adam.state();
  state[1].second = at::zeros({4});
  try {
    adam.load_state(state);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kWeights);
    EXPECT_NE(std::string(error.what()).find("x.exp_avg_sq has another shape"), std::string::npos);
  }
}

}  // namespace
}  // namespace solstice
