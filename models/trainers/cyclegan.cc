#include "models/trainers/cyclegan.h"

#include <ATen/ops/l1_loss.h>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/image_module.h"
#include "models/objectives/gan_loss.h"
#include "models/objectives/gradient_penalty.h"
#include "models/trainers/adam.h"
#include "models/trainers/autocast.h"
#include "models/trainers/evaluation_mode.h"
#include "models/trainers/image_pool.h"
#include "models/trainers/loss_totals.h"
#include "models/trainers/step_guard.h"
#include "models/trainers/weights_of.h"

namespace solstice {
namespace {

/// One direction: a generator, and the judge of what it makes.
struct Half {
  std::string letter;  ///< of the names G_A, D_A, cycle_A, idt_A
  std::shared_ptr<ImageModule> generator;
  std::shared_ptr<ImageModule> discriminator;
  double lambda_cycle;     ///< of the cycle that begins with this generator
  double lambda_identity;  ///< of this generator on images of its own target
  ImagePool pool;
};

/// What both generators make of a batch.
struct Cycles {
  at::Tensor fake_b, rec_a, fake_a, rec_b;
};

Half make_half(const TrainerOptions& options, const std::string& letter) {
  GeneratorOptions generator = options.generator;
  const bool backward = letter == "B";
  if (backward) std::swap(generator.input_nc, generator.output_nc);
  DiscriminatorOptions judge = options.discriminator;
  judge.input_nc = generator.output_nc;
  judge.norm = generator.norm;
  const double own = backward ? options.lambda_cycle_b : options.lambda_cycle_a;
  const double other = backward ? options.lambda_cycle_a : options.lambda_cycle_b;
  return {letter, make_generator(generator),       make_discriminator(judge),
          own,    other * options.lambda_identity, ImagePool(options.pool_size)};
}

class CycleGan : public Trainer {
 public:
  explicit CycleGan(const TrainerOptions& options)
      : options_(options),
        guard_({options.clip_grad, options.precision}),
        a_(make_half(options, "A")),
        b_(make_half(options, "B")) {
    for (const NamedNetwork& named : networks()) initialize(*named.network, options.init);
    TensorList generators, discriminators;
    for (const Half* half : {&a_, &b_}) {
      freeze(*half->generator, options.generator, options.freeze);
      for (auto& w : weights_of(*half->generator, "G_" + half->letter + "."))
        generators.push_back(w);
      for (auto& w : weights_of(*half->discriminator, "D_" + half->letter + ".")) {
        discriminators.push_back(w);
      }
    }
    generator_adam_.emplace(std::move(generators), Adam::of(options, options.lr));
    discriminator_adam_.emplace(std::move(discriminators),
                                Adam::of(options, options.discriminator_lr()));
  }

  using Trainer::step;
  /// The discriminators' gradients do not depend on the generators' step, so both steps are taken
  /// at the end, when it is known that every gradient is a number.
  StepReport step(std::span<const Batch> batches) override {
    guard_.begin({a_.generator, b_.generator, a_.discriminator, b_.discriminator},
                 static_cast<int64_t>(batches.size()));
    LossTotals losses({"D_A", "G_A", "cycle_A", "idt_A", "D_B", "G_B", "cycle_B", "idt_B"},
                      batches.size());
    generator_adam_->zero_grad();
    discriminator_adam_->zero_grad();
    for (const Batch& batch : batches) {
      set_gradients(*a_.discriminator, Gradients::kOff);
      set_gradients(*b_.discriminator, Gradients::kOff);
      const at::Tensor fake_b = backward_cycle(a_, b_, batch.input, losses);
      const at::Tensor fake_a = backward_cycle(b_, a_, batch.target, losses);
      backward_identity(a_, batch.target, losses);
      backward_identity(b_, batch.input, losses);
      backward_discriminator(a_, batch.target, fake_b, losses);
      backward_discriminator(b_, batch.input, fake_a, losses);
    }
    guard_.check("G", *generator_adam_);
    guard_.check("D", *discriminator_adam_);
    guard_.apply(*generator_adam_);
    guard_.apply(*discriminator_adam_);
    StepGuard::Outcome outcome = guard_.finish();
    a_.pool.settle(outcome.undone);
    b_.pool.settle(outcome.undone);
    return {losses.take(), std::move(outcome.gradient_norms), outcome.undone, outcome.trouble};
  }

  SampleImages sample(const Batch& batch) override {
    const EvaluationMode mode_a(*a_.generator);
    const EvaluationMode mode_b(*b_.generator);
    const Cycles made = cycles(batch);
    return {{"real_A", batch.input},  {"fake_B", made.fake_b}, {"rec_A", made.rec_a},
            {"real_B", batch.target}, {"fake_A", made.fake_a}, {"rec_B", made.rec_b}};
  }

  std::vector<Comparison> compare(const Batch& batch) override {
    const EvaluationMode mode_a(*a_.generator);
    const EvaluationMode mode_b(*b_.generator);
    const Cycles made = cycles(batch);
    return {{"cycle", made.rec_a, batch.input}, {"cycle", made.rec_b, batch.target}};
  }

  std::vector<NamedNetwork> networks() override {
    return {{"G_A", a_.generator},
            {"G_B", b_.generator},
            {"D_A", a_.discriminator},
            {"D_B", b_.discriminator}};
  }
  std::vector<NamedOptimizer> optimizers() override {
    return {{"G", &*generator_adam_, options_.lr},
            {"D", &*discriminator_adam_, options_.discriminator_lr()}};
  }
  std::vector<std::pair<std::string, std::string>> exported() const override {
    return {{"G_A", "G_A."}, {"G_B", "G_B."}};
  }

  TensorList state() const override {
    TensorList tensors = guard_.state();
    for (const Half* half : {&a_, &b_}) {
      const std::vector<at::Tensor>& images = half->pool.images();
      for (size_t i = 0; i < images.size(); ++i) {
        tensors.emplace_back(pool_name(*half, i), images[i]);
      }
    }
    return tensors;
  }
  void load_state(const TensorList& tensors) override {
    guard_.load_state(tensors);
    const at::Device device = a_.generator->parameters().front().device();
    for (Half* half : {&a_, &b_}) {
      std::vector<at::Tensor> images;
      for (const auto& [name, tensor] : tensors) {
        if (name.starts_with("pool_" + half->letter)) images.push_back(tensor.to(device));
      }
      half->pool.set_images(std::move(images));
    }
  }

 private:
  /// Sorts as it counts: a weight file is read in the order of its names.
  static std::string pool_name(const Half& half, size_t index) {
    std::string number = std::to_string(index);
    number.insert(0, 8 - std::min<size_t>(8, number.size()), '0');
    return "pool_" + half.letter + "." + number;
  }

  Cycles cycles(const Batch& batch) {
    Cycles made;
    made.fake_b = a_.generator->forward(batch.input);
    made.rec_a = b_.generator->forward(made.fake_b);
    made.fake_a = b_.generator->forward(batch.target);
    made.rec_b = a_.generator->forward(made.fake_a);
    return made;
  }

  /// Adds the gradients of a cycle, there with `half` and home with `back`; returns the fake that
  /// it goes through, without a graph. Each of the four parts of the generators' loss is a graph of
  /// its own and gone before the next is made: that is a third of the memory of their sum's. Cycles
  /// come before identities: with batch norm the order decides the running statistics.
  at::Tensor backward_cycle(const Half& half, const Half& back, const at::Tensor& from,
                            LossTotals& losses) {
    at::Tensor fake, sum;
    {
      const Autocast scope(options_.precision, from.device().type());
      fake = half.generator->forward(from);
      const at::Tensor home = back.generator->forward(fake);
      const at::Tensor gan = generator_loss(options_.gan_mode, half.discriminator->forward(fake));
      const at::Tensor cycle = half.lambda_cycle * at::l1_loss(home, from);
      losses.add("G_" + half.letter, gan);
      losses.add("cycle_" + half.letter, cycle);
      sum = gan + cycle;
    }
    guard_.backward(sum);
    return fake.detach();
  }

  void backward_identity(const Half& half, const at::Tensor& own_target, LossTotals& losses) {
    if (half.lambda_identity == 0) return;
    at::Tensor loss;
    {
      const Autocast scope(options_.precision, own_target.device().type());
      const at::Tensor same = half.generator->forward(own_target);
      loss = half.lambda_identity * at::l1_loss(same, own_target);
    }
    losses.add("idt_" + half.letter, loss);
    guard_.backward(loss);
  }

  void backward_discriminator(Half& half, const at::Tensor& real, const at::Tensor& fake,
                              LossTotals& losses) {
    set_gradients(*half.discriminator, Gradients::kOn);
    const at::Tensor pooled = half.pool.query(fake);
    at::Tensor sum;
    {
      const Autocast scope(options_.precision, real.device().type());
      const GanMode mode = options_.gan_mode;
      const at::Tensor d_real =
          discriminator_loss(mode, half.discriminator->forward(real), Target::kReal);
      const at::Tensor d_fake =
          discriminator_loss(mode, half.discriminator->forward(pooled), Target::kFake);
      sum = d_real + d_fake;
      if (mode == GanMode::kWgangp) {
        const auto critic = [&](const at::Tensor& x) { return half.discriminator->forward(x); };
        sum = sum + options_.lambda_gp * gradient_penalty(critic, real, pooled);
      }
      sum = 0.5 * sum;
    }
    losses.add("D_" + half.letter, sum);
    guard_.backward(sum);
  }

  TrainerOptions options_;
  StepGuard guard_;
  Half a_;
  Half b_;
  std::optional<Adam> generator_adam_;
  std::optional<Adam> discriminator_adam_;
};

}  // namespace

void check_cyclegan(const TrainerOptions& options) {
  const GeneratorOptions& generator = options.generator;
  if (options.lambda_identity == 0 || generator.input_nc == generator.output_nc) return;
  throw Error(ErrorKind::kUsage, message("--lambda-identity ", options.lambda_identity,
                                         ": needs equal channels, found "
                                         "--input-nc ",
                                         generator.input_nc, " and --output-nc ",
                                         generator.output_nc, "; use --lambda-identity 0"));
}

std::unique_ptr<Trainer> make_cyclegan(const TrainerOptions& options) {
  return std::make_unique<CycleGan>(options);
}

}  // namespace solstice
