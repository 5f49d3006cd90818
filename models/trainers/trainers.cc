#include "core/error.h"
#include "core/message.h"
#include "models/trainers/cyclegan.h"
#include "models/trainers/paired_gan.h"
#include "models/trainers/superres.h"
#include "models/trainers/trainer.h"

namespace solstice {
namespace {

void check_nothing(const TrainerOptions&) {}

constexpr std::array kTrainers{
    TrainerRow{"pix2pix", "paired images: a conditional GAN plus the L1 distance to the target",
               Pairing::kPaired, "", "l1", make_pix2pix, check_pix2pix},
    TrainerRow{"cyclegan", "unpaired images, both ways at once: GANs that must find their way back",
               Pairing::kUnpaired, "cycle", "", make_cyclegan, check_cyclegan},
    TrainerRow{"superres", "good images alone: the L1 distance to them from inputs made of them",
               Pairing::kPaired, "", "psnr", make_superres, check_nothing},
    TrainerRow{"srgan", "good images alone: superres with a GAN, for sharp looks", Pairing::kPaired,
               "", "", make_srgan, check_nothing},
};

}  // namespace

std::span<const TrainerRow> trainer_table() { return kTrainers; }

const TrainerRow& trainer_row(const std::string& kind) {
  std::vector<std::string> known;
  std::string plain = kind;
  std::erase(plain, '_');
  for (const TrainerRow& row : kTrainers) {
    if (row.name == plain) return row;
    known.emplace_back(row.name);
  }
  const std::string near = nearest_name(kind, known);
  throw Error(ErrorKind::kUsage,
              message("--trainer: unknown trainer \"", kind, "\"; known: ", join(known),
                      near.empty() ? "" : message("; did you mean ", near, "?")));
}

std::unique_ptr<Trainer> make_trainer(const TrainerOptions& options) {
  const TrainerRow& row = trainer_row(options.kind);
  row.check(options);
  return row.make(options);
}

}  // namespace solstice
