#include "models/trainers/paired_gan.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/l1_loss.h>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/image_module.h"
#include "models/objectives/content_loss.h"
#include "models/objectives/gan_loss.h"
#include "models/objectives/gradient_penalty.h"
#include "models/trainers/adam.h"
#include "models/trainers/autocast.h"
#include "models/trainers/evaluation_mode.h"
#include "models/trainers/in_size_of.h"
#include "models/trainers/loss_totals.h"
#include "models/trainers/step_guard.h"
#include "models/trainers/weights_of.h"

namespace solstice {
namespace {

/// What a discriminator sees of a sample.
enum class Judged { kPairs, kImages };

DiscriminatorOptions judge_of(Judged judged, const TrainerOptions& options) {
  DiscriminatorOptions judge = options.discriminator;
  judge.input_nc = options.generator.output_nc;
  if (judged == Judged::kPairs) judge.input_nc += options.generator.input_nc;
  judge.norm = options.generator.norm;
  return judge;
}

class PairedGan : public Trainer {
 public:
  PairedGan(const TrainerOptions& options, Judged judged)
      : options_(options),
        judged_(judged),
        guard_({options.clip_grad, options.precision}),
        generator_(make_generator(options.generator)),
        discriminator_(make_discriminator(judge_of(judged, options))) {
    if (judged == Judged::kImages && !options.content_network.empty()) {
      content_ = std::make_unique<ContentLoss>(options.content_network);
    }
    initialize(*generator_, options.init);
    initialize(*discriminator_, options.init);
    freeze(*generator_, options.generator, options.freeze);
    generator_adam_.emplace(weights_of(*generator_), Adam::of(options, options.lr));
    discriminator_adam_.emplace(weights_of(*discriminator_),
                                Adam::of(options, options.discriminator_lr()));
  }

  using Trainer::step;
  StepReport step(std::span<const Batch> batches) override {
    guard_.begin({generator_, discriminator_}, static_cast<int64_t>(batches.size()));
    LossTotals losses({"G_GAN", "G_L1", "D_real", "D_fake"}, batches.size());
    step_discriminator(batches, losses);
    step_generator(batches, losses);
    StepGuard::Outcome outcome = guard_.finish();
    return {losses.take(), std::move(outcome.gradient_norms), outcome.undone, outcome.trouble};
  }

  SampleImages sample(const Batch& batch) override {
    const at::Tensor input = in_size_of(batch.target, batch.input);
    return {{"input", input}, {"fake", translate(batch)}, {"target", batch.target}};
  }

  std::vector<Comparison> compare(const Batch& batch) override {
    return {{"", translate(batch), batch.target}};
  }

  std::vector<NamedNetwork> networks() override {
    return {{"G", generator_}, {"D", discriminator_}};
  }
  std::vector<NamedOptimizer> optimizers() override {
    return {{"G", &*generator_adam_, options_.lr},
            {"D", &*discriminator_adam_, options_.discriminator_lr()}};
  }
  std::vector<std::pair<std::string, std::string>> exported() const override { return {{"G", ""}}; }
  TensorList state() const override { return guard_.state(); }
  void load_state(const TensorList& tensors) override { guard_.load_state(tensors); }

 private:
  at::Tensor translate(const Batch& batch) {
    const EvaluationMode evaluation(*generator_);
    return generator_->forward(batch.input);
  }

  /// With several batches no graph of the generator is kept: its own step makes them one by one.
  void step_discriminator(std::span<const Batch> batches, LossTotals& losses) {
    set_gradients(*discriminator_, Gradients::kOn);
    discriminator_adam_->zero_grad();
    for (const Batch& batch : batches) {
      make_fake(batch, batches.size() == 1);
      guard_.backward(judge_both(batch, losses));
    }
    guard_.check("D", *discriminator_adam_);
    guard_.apply_early(*discriminator_adam_);
  }

  void step_generator(std::span<const Batch> batches, LossTotals& losses) {
    set_gradients(*discriminator_, Gradients::kOff);
    generator_adam_->zero_grad();
    for (const Batch& batch : batches) {
      if (batches.size() > 1) make_fake(batch, true);
      guard_.backward(judge_fake(batch, losses));
    }
    fake_.reset();
    guard_.check("G", *generator_adam_);
    guard_.apply(*generator_adam_);
  }

  void make_fake(const Batch& batch, bool with_graph) {
    const Autocast scope(options_.precision, batch.input.device().type());
    const at::AutoGradMode gradients(with_graph);
    fake_ = generator_->forward(batch.input);
  }

  /// Fake first: with batch norm the order decides the running statistics.
  at::Tensor judge_both(const Batch& batch, LossTotals& losses) {
    const Autocast scope(options_.precision, batch.input.device().type());
    const at::Tensor fake = judged(batch, fake_.detach());
    const at::Tensor real = judged(batch, batch.target);
    const at::Tensor d_fake =
        discriminator_loss(options_.gan_mode, discriminator_->forward(fake), Target::kFake);
    const at::Tensor d_real =
        discriminator_loss(options_.gan_mode, discriminator_->forward(real), Target::kReal);
    losses.add("D_real", d_real);
    losses.add("D_fake", d_fake);
    if (options_.gan_mode != GanMode::kWgangp) return 0.5 * (d_fake + d_real);
    const auto critic = [this](const at::Tensor& seen) { return discriminator_->forward(seen); };
    const at::Tensor d_gp = options_.lambda_gp * gradient_penalty(critic, real, fake);
    losses.add("D_gp", d_gp);
    return 0.5 * (d_fake + d_real + d_gp);
  }

  at::Tensor judge_fake(const Batch& batch, LossTotals& losses) {
    const Autocast scope(options_.precision, batch.input.device().type());
    const at::Tensor seen = judged(batch, fake_);
    const at::Tensor g_gan = generator_loss(options_.gan_mode, discriminator_->forward(seen));
    const at::Tensor g_l1 = options_.lambda_l1 * at::l1_loss(fake_, batch.target);
    losses.add("G_GAN", g_gan);
    losses.add("G_L1", g_l1);
    if (content_ == nullptr) return g_gan + g_l1;
    const at::Tensor g_content = options_.lambda_content * (*content_)(fake_, batch.target);
    losses.add("G_content", g_content);
    return g_gan + g_l1 + g_content;
  }

  at::Tensor judged(const Batch& batch, const at::Tensor& image) const {
    return judged_ == Judged::kImages ? image : at::cat({batch.input, image}, 1);
  }

  TrainerOptions options_;
  Judged judged_;
  std::unique_ptr<ContentLoss> content_;  ///< null: none
  StepGuard guard_;
  std::shared_ptr<ImageModule> generator_;
  std::shared_ptr<ImageModule> discriminator_;
  std::optional<Adam> generator_adam_;
  std::optional<Adam> discriminator_adam_;
  at::Tensor fake_;  ///< of the batch at hand
};

}  // namespace

std::unique_ptr<Trainer> make_pix2pix(const TrainerOptions& options) {
  return std::make_unique<PairedGan>(options, Judged::kPairs);
}

std::unique_ptr<Trainer> make_srgan(const TrainerOptions& options) {
  return std::make_unique<PairedGan>(options, Judged::kImages);
}

void check_pix2pix(const TrainerOptions& options) {
  if (options.generator.scale == 1) return;
  throw Error(ErrorKind::kUsage,
              message("--scale ", options.generator.scale,
                      ": pix2pix lays input and output side by side, which must have one size; "
                      "use --trainer superres or srgan"));
}

}  // namespace solstice
