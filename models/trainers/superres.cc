#include "models/trainers/superres.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/l1_loss.h>

#include "models/networks/image_module.h"
#include "models/trainers/adam.h"
#include "models/trainers/autocast.h"
#include "models/trainers/evaluation_mode.h"
#include "models/trainers/in_size_of.h"
#include "models/trainers/loss_totals.h"
#include "models/trainers/step_guard.h"
#include "models/trainers/weights_of.h"

namespace solstice {
namespace {

class SuperRes : public Trainer {
 public:
  explicit SuperRes(const TrainerOptions& options)
      : options_(options),
        guard_({options.clip_grad, options.precision}),
        generator_(make_generator(options.generator)) {
    initialize(*generator_, options.init);
    freeze(*generator_, options.generator, options.freeze);
    adam_.emplace(weights_of(*generator_), Adam::of(options, options.lr));
  }

  using Trainer::step;
  StepReport step(std::span<const Batch> batches) override {
    guard_.begin({generator_}, static_cast<int64_t>(batches.size()));
    LossTotals losses({"G_L1"}, batches.size());
    adam_->zero_grad();
    for (const Batch& batch : batches) guard_.backward(distance(batch, losses));
    guard_.check("G", *adam_);
    guard_.apply(*adam_);
    StepGuard::Outcome outcome = guard_.finish();
    return {losses.take(), std::move(outcome.gradient_norms), outcome.undone, outcome.trouble};
  }

  SampleImages sample(const Batch& batch) override {
    return {{"input", in_size_of(batch.target, batch.input)},
            {"fake", translate(batch)},
            {"target", batch.target}};
  }

  std::vector<Comparison> compare(const Batch& batch) override {
    return {{"", translate(batch), batch.target}};
  }

  std::vector<NamedNetwork> networks() override { return {{"G", generator_}}; }
  std::vector<NamedOptimizer> optimizers() override { return {{"G", &*adam_, options_.lr}}; }
  std::vector<std::pair<std::string, std::string>> exported() const override { return {{"G", ""}}; }
  TensorList state() const override { return guard_.state(); }
  void load_state(const TensorList& tensors) override { guard_.load_state(tensors); }

 private:
  at::Tensor translate(const Batch& batch) {
    const EvaluationMode evaluation(*generator_);
    return generator_->forward(batch.input);
  }

  at::Tensor distance(const Batch& batch, LossTotals& losses) {
    const Autocast scope(options_.precision, batch.input.device().type());
    at::Tensor loss = at::l1_loss(generator_->forward(batch.input), batch.target);
    losses.add("G_L1", loss);
    return loss;
  }

  TrainerOptions options_;
  StepGuard guard_;
  std::shared_ptr<ImageModule> generator_;
  std::optional<Adam> adam_;
};

}  // namespace

std::unique_ptr<Trainer> make_superres(const TrainerOptions& options) {
  return std::make_unique<SuperRes>(options);
}

}  // namespace solstice
