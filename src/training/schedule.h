#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "core/options.h"
#include "metrics/metrics.h"

namespace solstice {

enum class Schedule { kLinear, kStep, kCosine, kPlateau, kConstant, kOneCycle };
inline constexpr std::array<Name<Schedule>, 6> kScheduleNames{{{"linear", Schedule::kLinear},
                                                               {"step", Schedule::kStep},
                                                               {"cosine", Schedule::kCosine},
                                                               {"plateau", Schedule::kPlateau},
                                                               {"constant", Schedule::kConstant},
                                                               {"onecycle", Schedule::kOneCycle}}};
constexpr std::span<const Name<Schedule>> name_table(Schedule) { return kScheduleNames; }

/// How long a run lasts and how its learning rate falls.
struct ScheduleOptions {
  int64_t epochs = 100;
  int64_t epochs_decay = 100;
  Schedule schedule = Schedule::kLinear;
  int64_t decay_every = 50;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("epochs", self.epochs, "epochs at the full learning rate", Range{0, 1e9});
    visit("epochs-decay", self.epochs_decay, "epochs after them, of linear decay", Range{0, 1e9});
    visit("schedule", self.schedule, "how the learning rate falls");
    visit("decay-every", self.decay_every, "schedule step: epochs until the rate falls to a tenth",
          Range{1, 1e9});
  }
};

/// The share of the full rate in `epoch`, counted from 1.
///  - linear, as the reference: full for `epochs`, then down in equal parts over `epochs_decay`
///    without ever reaching 0: 1 - max(0, e - epochs) / (epochs_decay + 1);
///  - step: a tenth after every `decay_every` epochs;
///  - cosine: half a period over all epochs (Loshchilov and Hutter 2017, without restarts; the
///    reference's period is `epochs` alone, after which its rate climbs again);
///  - plateau and constant: 1; see Plateau;
///  - onecycle: 1; see one_cycle_factor.
double rate_factor(const ScheduleOptions& options, int64_t epoch);

/// The share of the full rate of `step`, counted from 1, of `steps` (Smith and Topin 2018, with the
/// values of torch.optim.lr_scheduler.OneCycleLR): from a 25th up to 1 in the first three tenths,
/// then down to almost nothing, each along half a cosine.
double one_cycle_factor(int64_t step, int64_t steps);

/// torch.optim.lr_scheduler.ReduceLROnPlateau with the reference's values: a fifth of the rate when
/// a metric has not improved by one percent for more than five looks in a row.
class Plateau {
 public:
  explicit Plateau(Better better) : better_(better) {}
  void look(double metric);
  double factor() const { return factor_; }

  struct State {
    double factor = 1;
    double best = 0;
    int64_t looks = 0;  ///< 0: none yet, `best` means nothing
    int64_t bad = 0;
  };
  State state() const { return {factor_, best_, looks_, bad_}; }
  void set_state(const State& state);

 private:
  Better better_;
  double factor_ = 1;
  double best_ = 0;
  int64_t looks_ = 0;
  int64_t bad_ = 0;
};

}  // namespace solstice
