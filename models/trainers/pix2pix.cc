#include "models/trainers/pix2pix.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/l1_loss.h>

#include "models/networks/image_module.h"
#include "models/objectives/gan_loss.h"
#include "models/trainers/adam.h"
#include "models/trainers/evaluation_mode.h"

namespace solstice {
namespace {

void set_requires_grad(ImageModule& network, bool on) {
  for (at::Tensor& parameter : network.parameters()) parameter.set_requires_grad(on);
}

std::vector<std::pair<std::string, at::Tensor>> parameters_of(const ImageModule& network) {
  std::vector<std::pair<std::string, at::Tensor>> parameters;
  for (const auto& item : network.named_parameters()) {
    parameters.emplace_back(item.key(), item.value());
  }
  return parameters;
}

DiscriminatorOptions judge_of(const TrainerOptions& options) {
  DiscriminatorOptions judge = options.discriminator;
  judge.input_nc = options.generator.input_nc + options.generator.output_nc;
  judge.norm = options.generator.norm;
  return judge;
}

class Pix2Pix : public Trainer {
 public:
  explicit Pix2Pix(const TrainerOptions& options)
      : gan_mode_(options.gan_mode),
        lambda_l1_(options.lambda_l1),
        generator_(make_generator(options.generator)),
        discriminator_(make_discriminator(judge_of(options))),
        generator_adam_(parameters_of(*generator_), adam_options(options)),
        discriminator_adam_(parameters_of(*discriminator_), adam_options(options)) {
    initialize(*generator_, options.init);
    initialize(*discriminator_, options.init);
  }

  LossReport step(const Batch& batch) override {
    const at::Tensor fake = generator_->forward(batch.input);
    const auto [d_real, d_fake] = step_discriminator(batch, fake);
    const auto [g_gan, g_l1] = step_generator(batch, fake);
    return {{"G_GAN", g_gan.detach()},
            {"G_L1", g_l1.detach()},
            {"D_real", d_real.detach()},
            {"D_fake", d_fake.detach()}};
  }

  SampleImages sample(const Batch& batch) override {
    const EvaluationMode evaluation(*generator_);
    return {{"input", batch.input},
            {"fake", generator_->forward(batch.input)},
            {"target", batch.target}};
  }

  std::vector<NamedNetwork> networks() override {
    return {{"G", generator_}, {"D", discriminator_}};
  }
  std::vector<NamedOptimizer> optimizers() override {
    return {{"G", &generator_adam_}, {"D", &discriminator_adam_}};
  }
  std::vector<std::pair<std::string, std::string>> exported() const override { return {{"G", ""}}; }

 private:
  using Losses = std::pair<at::Tensor, at::Tensor>;

  static Adam::Options adam_options(const TrainerOptions& options) {
    return {.lr = options.lr, .beta1 = options.beta1, .beta2 = options.beta2};
  }

  /// Fake first: with batch norm the order decides the running statistics.
  Losses step_discriminator(const Batch& batch, const at::Tensor& fake) {
    set_requires_grad(*discriminator_, true);
    discriminator_adam_.zero_grad();
    const at::Tensor d_fake = judge(batch.input, fake.detach(), Target::kFake);
    const at::Tensor d_real = judge(batch.input, batch.target, Target::kReal);
    (0.5 * (d_fake + d_real)).backward();
    discriminator_adam_.step();
    return {d_real, d_fake};
  }

  Losses step_generator(const Batch& batch, const at::Tensor& fake) {
    set_requires_grad(*discriminator_, false);
    generator_adam_.zero_grad();
    const at::Tensor g_gan = judge(batch.input, fake, Target::kReal);
    const at::Tensor g_l1 = lambda_l1_ * at::l1_loss(fake, batch.target);
    (g_gan + g_l1).backward();
    generator_adam_.step();
    return {g_gan, g_l1};
  }

  at::Tensor judge(const at::Tensor& input, const at::Tensor& image, Target target) {
    return gan_loss(gan_mode_, discriminator_->forward(at::cat({input, image}, 1)), target);
  }

  GanMode gan_mode_;
  double lambda_l1_;
  std::shared_ptr<ImageModule> generator_;
  std::shared_ptr<ImageModule> discriminator_;
  Adam generator_adam_;
  Adam discriminator_adam_;
};

}  // namespace

std::unique_ptr<Trainer> make_pix2pix(const TrainerOptions& options) {
  return std::make_unique<Pix2Pix>(options);
}

}  // namespace solstice
