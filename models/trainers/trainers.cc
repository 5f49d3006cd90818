#include "core/error.h"
#include "core/message.h"
#include "models/trainers/pix2pix.h"
#include "models/trainers/trainer.h"

namespace solstice {
namespace {

constexpr std::array kTrainers{
    TrainerRow{"pix2pix", "paired images: a conditional GAN plus the L1 distance to the target",
               Pairing::kPaired, make_pix2pix},
};

}  // namespace

std::span<const TrainerRow> trainer_table() { return kTrainers; }

const TrainerRow& trainer_row(const std::string& kind) {
  std::vector<std::string> known;
  for (const TrainerRow& row : kTrainers) {
    if (row.name == kind) return row;
    known.emplace_back(row.name);
  }
  const std::string near = nearest_name(kind, known);
  throw Error(ErrorKind::kUsage,
              message("--trainer: unknown trainer \"", kind, "\"; known: ", join(known),
                      near.empty() ? "" : message("; did you mean ", near, "?")));
}

std::unique_ptr<Trainer> make_trainer(const TrainerOptions& options) {
  return trainer_row(options.kind).make(options);
}

}  // namespace solstice
